package io.intrahub.cli.doctor;

import io.intrahub.hub.RepoId;
import io.intrahub.upstream.net.ConnectionErrors;
import io.intrahub.upstream.net.HttpProbe.Answer;
import io.intrahub.upstream.net.NetworkSetupException;
import java.io.IOException;
import java.util.List;

/** Whether an endpoint accepts connections, is trusted, and answers as the Hub does. */
public final class ConnectionCheck implements Check {
  private final EndpointProbe endpoint;
  private final RepoId repo;

  /**
   * Asks nothing yet.
   *
   * @param repo a public one
   */
  public ConnectionCheck(EndpointProbe endpoint, RepoId repo) {
    this.endpoint = endpoint;
    this.repo = repo;
  }

  /** The name of the check for an endpoint. */
  public static String nameFor(EndpointProbe endpoint) {
    return "connection " + endpoint.host();
  }

  @Override
  public String name() {
    return nameFor(endpoint);
  }

  @Override
  public List<String> needs() {
    return List.of(DnsCheck.nameFor(endpoint.endpoint().address().getHost()), ProxyCheck.NAME);
  }

  @Override
  public String adviceWhenLate() {
    return "Let the firewall pass TCP connections to " + endpoint.host() + ".";
  }

  @Override
  public Finding run() {
    Answer answer;
    try {
      answer = endpoint.get(EndpointProbe.api(repo));
    } catch (NetworkSetupException e) {
      // Its message names the option.
      return Finding.failed(ConnectionErrors.describe(e));
    } catch (IOException e) {
      return Finding.failed(ConnectionErrors.describe(e), adviceWhenLate());
    }
    String summary =
        "answered %d in %d ms%s"
            .formatted(
                answer.status(),
                answer.took().toMillis(),
                answer.tls().map(tls -> ", " + tls).orElse(", without TLS"));
    if (answer.header("Content-Type").orElse("").startsWith("text/html")) {
      return Finding.failed(
          summary + ", with a web page",
          "A portal or proxy may require a login, or the address is not that of a Hub: open "
              + endpoint.address("/")
              + " in a browser on this machine.");
    }
    return switch (answer.status()) {
      case 200, 429 -> Finding.ok(summary);
      case 301, 302, 307, 308, 401, 403, 404 ->
          Finding.warning(
              summary,
              "The endpoint does not serve " + repo.id() + ": name a public repo with --repo.");
      default ->
          Finding.failed(
              summary,
              "The endpoint has a problem of its own: see https://status.huggingface.co, and try"
                  + " again later.");
    };
  }
}
