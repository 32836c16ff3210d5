package io.intrahub.upstream.hub;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * A call of the Hub's API.
 *
 * @param method GET, HEAD or POST
 * @param target path and query, encoded, beginning with a slash
 * @param body of a POST
 * @param isFile whether the answer is the content of a file, which is not touched even if it is
 *     JSON
 */
public record ApiRequest(String method, String target, Optional<Body> body, boolean isFile) {
  /**
   * What a POST carries.
   *
   * @param contentType of the body
   * @param content writes the body
   */
  public record Body(String contentType, Content content) {}

  /** Writes a body. It may be asked to do so several times, and writes the same each time. */
  public interface Content {
    /** Writes all of it; does not close the stream. */
    void writeTo(OutputStream out) throws IOException;
  }

  /** A GET without a body. */
  public static ApiRequest get(String target) {
    return new ApiRequest("GET", target, Optional.empty(), false);
  }

  /** A POST. */
  public static ApiRequest post(String target, Body body) {
    return new ApiRequest("POST", target, Optional.of(body), false);
  }

  /** A GET or HEAD of a file. */
  public static ApiRequest file(String method, String target) {
    return new ApiRequest(method, target, Optional.empty(), true);
  }
}
