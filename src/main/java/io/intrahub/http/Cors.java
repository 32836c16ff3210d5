package io.intrahub.http;

import jakarta.servlet.http.HttpServletResponse;

/**
 * Lets web pages read the mirror (transformers.js, huggingface.js, GGUF viewers). Every origin is
 * allowed, because the mirror reads no cookies. Without the exposed headers, huggingface.js returns
 * incomplete listings.
 */
final class Cors {
  private static final String EXPOSED =
      "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,"
          + "Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash";

  private Cors() {}

  static void onEvery(HttpServletResponse response) {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Expose-Headers", EXPOSED);
  }

  /** Answers a preflight request, which a redirect or a 401 would make fail. */
  static void preflight(Exchange exchange) {
    HttpServletResponse response = exchange.response();
    response.setStatus(204);
    response.setHeader("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS");
    response.setHeader(
        "Access-Control-Allow-Headers",
        "authorization, range, content-type, if-none-match, if-range");
    response.setHeader("Access-Control-Max-Age", "86400");
    if (exchange.header("Access-Control-Request-Private-Network").isPresent()) {
      response.setHeader("Access-Control-Allow-Private-Network", "true");
    }
  }
}
