package io.intrahub.http;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.hub.json.ErrorJson;
import java.io.IOException;
import java.util.Optional;

/** Writes errors in the Hub's own form: clients read the headers, and people read the body. */
final class ErrorWriter {
  /** In the {@code User-Agent} of huggingface_hub and all that load with it, from 0.23 to 2.4. */
  private static final String PYTHON_HUB = "hf_hub/";

  private ErrorWriter() {}

  static void write(Exchange exchange, HubError refusal, Optional<CommitHash> commit)
      throws IOException {
    boolean repeats =
        exchange.header("User-Agent").filter(name -> name.contains(PYTHON_HUB)).isPresent();
    HubError error = repeats ? refusal : refusal.withRegisteredStatus();
    exchange.response().setStatus(error.status());
    error.code().ifPresent(code -> exchange.set(HeaderNames.X_ERROR_CODE, code));
    exchange.set(HeaderNames.X_ERROR_MESSAGE, error.message());
    error
        .retryAfterSeconds()
        .ifPresent(s -> exchange.set(HeaderNames.RETRY_AFTER, Integer.toString(s)));
    error
        .limit()
        .ifPresent(l -> exchange.set(HeaderNames.CACHE_STATUS, CacheHeaders.cacheStatus(l)));
    commit.ifPresent(c -> exchange.set(HeaderNames.X_REPO_COMMIT, c.hex()));
    // A cache may keep a 404 without being told to (RFC 9110 section 15.1), and would then answer a
    // client that has a token with what an anonymous client was told.
    CacheHeaders.forThisClientOnly(exchange);
    writeBody(exchange, "application/json; charset=utf-8", ErrorJson.write(error.message()));
  }

  /** Writes a whole body; a HEAD gets only its length. */
  static void writeBody(Exchange exchange, String contentType, byte[] body) throws IOException {
    exchange.response().setContentType(contentType);
    WholeBody.write(exchange, body);
  }
}
