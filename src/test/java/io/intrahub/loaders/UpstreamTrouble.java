package io.intrahub.loaders;

import io.intrahub.devhub.FaultRule;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One way in which upstream fails, and how the mirror tells its client.
 *
 * @param name for the report
 * @param arm the last call of a rule of faults
 * @param status that the client gets
 * @param text that its error holds
 */
record UpstreamTrouble(String name, Consumer<FaultRule> arm, int status, String text) {
  private static final String BODY = "{\"error\":\"We had to rate limit you\"}";
  private static final String PAGE =
      "it is a web page and not the Hub's; a portal may require a login";

  static final UpstreamTrouble STATUS_500 = status(500);
  static final UpstreamTrouble STATUS_502 = status(502);
  static final UpstreamTrouble STATUS_503 = status(503);
  static final UpstreamTrouble STATUS_504 = status(504);
  static final UpstreamTrouble RETRY_AFTER = limit("Retry-After", "1");
  static final UpstreamTrouble RATE_LIMIT = limit("RateLimit", "\"resolvers\";r=0;t=0");
  static final UpstreamTrouble DISCONNECT =
      new UpstreamTrouble(
          "a closed connection", FaultRule::disconnect, 504, "the connection broke");
  static final UpstreamTrouble LOGIN_PAGE =
      new UpstreamTrouble("a login page", FaultRule::loginPage, 503, PAGE);

  static UpstreamTrouble status(int code) {
    return new UpstreamTrouble("status " + code, r -> r.status(code), 503, "it answered " + code);
  }

  private static UpstreamTrouble limit(String header, String value) {
    return new UpstreamTrouble(
        "429 with " + header,
        r -> r.status(429, Map.of(header, value), BODY),
        503,
        "it limits the rate of requests (429)");
  }

  /** The same, told with another status. */
  UpstreamTrouble with(int otherStatus) {
    return new UpstreamTrouble(name, arm, otherStatus, text);
  }

  /** The other way to a login page. */
  static Consumer<FaultRule> redirect(String address) {
    return r -> r.status(302, Map.of("Location", address), "");
  }

  @Override
  public String toString() {
    return name;
  }
}
