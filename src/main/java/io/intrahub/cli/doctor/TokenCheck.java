package io.intrahub.cli.doctor;

import io.intrahub.upstream.net.ConnectionErrors;
import io.intrahub.upstream.net.HttpProbe.Answer;
import java.io.IOException;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whether the Hub accepts the mirror's own token. The token itself is never shown. */
public final class TokenCheck implements Check {
  private final EndpointProbe endpoint;
  private final SiteToken token;

  /**
   * Asks nothing yet.
   *
   * @param endpoint one that receives tokens, if {@code token} is present
   */
  public TokenCheck(EndpointProbe endpoint, SiteToken token) {
    this.endpoint = endpoint;
    this.token = token;
  }

  @Override
  public String name() {
    return "token";
  }

  @Override
  public List<String> needs() {
    return token instanceof SiteToken.Present
        ? List.of(ConnectionCheck.nameFor(endpoint))
        : List.of();
  }

  @Override
  public String adviceWhenLate() {
    return "Look at the connection to " + endpoint.host() + ".";
  }

  @Override
  public Finding run() {
    return switch (token) {
      case SiteToken.NotUsed(String instead) -> Finding.ok("the mirror needs none: " + instead);
      case SiteToken.Missing(String problem) -> Finding.failed(problem);
      case SiteToken.Present present -> ask(present);
    };
  }

  private Finding ask(SiteToken.Present present) {
    Answer answer;
    try {
      answer = endpoint.get("/api/whoami-v2", present.token());
    } catch (IOException e) {
      return Finding.failed(endpoint.host() + ": " + ConnectionErrors.describe(e));
    }
    return switch (answer.status()) {
      case 200 -> accepted(answer.body());
      case 401, 403 ->
          Finding.failed(
              "%s rejects the token of %s (%d)"
                  .formatted(endpoint.host(), present.source(), answer.status()),
              "Create a token with read access in the settings of the mirror's account at the Hub,"
                  + " and put it there.");
      case 429 -> Finding.warning("not checked, because the Hub limits the rate of requests (429)");
      default ->
          Finding.warning(
              endpoint.host() + " answered " + answer.status() + " to whoami",
              "Try again later; the endpoint may not be a Hub with accounts.");
    };
  }

  private static Finding accepted(String body) {
    JsonNode account;
    try {
      account = JsonMapper.shared().readTree(body);
    } catch (JacksonException _) {
      return Finding.warning("the answer to whoami is not JSON");
    }
    String summary = "valid, of the account " + account.path("name").asString("(no name)");
    String role = account.path("auth").path("accessToken").path("role").asString("");
    return role.equals("write")
        ? Finding.warning(
            summary + ", and may write",
            "The mirror only reads: replace the token by one with read access.")
        : Finding.ok(summary);
  }
}
