package io.intrahub.cli.doctor;

import io.intrahub.base.PercentCoding;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.net.ConnectionErrors;
import io.intrahub.upstream.net.HttpProbe.Answer;
import io.intrahub.upstream.net.ProxySettings;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Whether the host that large files come from can be reached: the Hub redirects to it. */
public final class FileServerCheck implements Check {
  private static final int MAX_HOPS = 5;
  private static final int BYTES = 1 << 10;

  private final EndpointProbe endpoint;
  private final RepoId repo;
  private final ProxySettings proxies;

  public FileServerCheck(EndpointProbe endpoint, RepoId repo, ProxySettings proxies) {
    this.endpoint = endpoint;
    this.repo = repo;
    this.proxies = proxies;
  }

  @Override
  public String name() {
    return "file server";
  }

  @Override
  public List<String> needs() {
    return List.of(ConnectionCheck.nameFor(endpoint));
  }

  @Override
  public Duration limit() {
    return Duration.ofSeconds(20);
  }

  @Override
  public String adviceWhenLate() {
    return "Let the firewall or the proxy pass connections to *.hf.co.";
  }

  @Override
  public Finding run() {
    try {
      Optional<String> file = largeFile();
      return file.isEmpty()
          ? Finding.warning(
              "not checked: " + repo.id() + " has no large file",
              "Name a public repo with a file in LFS with --repo.")
          : follow(endpoint.address(EndpointProbe.pages(repo) + "/resolve/main/" + file.get()));
    } catch (IOException e) {
      return Finding.failed(endpoint.host() + ": " + ConnectionErrors.describe(e));
    }
  }

  /** The encoded path of a file in LFS. */
  private Optional<String> largeFile() throws IOException {
    Answer listing = endpoint.get(EndpointProbe.api(repo) + "/tree/main?recursive=true");
    try {
      return JsonMapper.shared()
          .readTree(listing.body())
          .valueStream()
          .filter(entry -> entry.path("lfs").isObject())
          .map(entry -> entry.path("path").asString(""))
          .filter(path -> !path.isEmpty())
          .findFirst()
          .map(path -> PercentCoding.encode(path, "/"));
    } catch (JacksonException _) {
      return Optional.empty();
    }
  }

  private Finding follow(URI file) throws IOException {
    URI at = file;
    Answer answer = endpoint.send(endpoint.question("HEAD", at));
    for (int hop = 0; hop < MAX_HOPS && answer.status() >= 300 && answer.status() < 400; hop++) {
      Optional<URI> next = endpoint.http().redirect(at, answer);
      if (next.isEmpty()) {
        return Finding.failed(
            at.getHost() + " redirects to an address that the mirror does not follow",
            "Redirects may not lead from HTTPS to HTTP, nor into your network.");
      }
      at = next.get();
      if (DnsCheck.proxyFor(at, proxies).isEmpty()) {
        Finding dns = DnsCheck.look(at.getHost());
        if (dns.status() == Finding.Status.FAILED) {
          return dns;
        }
      }
      try {
        answer = read(at);
      } catch (IOException e) {
        return Finding.failed(
            "large files come from " + at.getHost() + ": " + ConnectionErrors.describe(e),
            adviceWhenLate());
      }
    }
    String summary =
        "%s answered %d in %d ms"
            .formatted(at.getHost(), answer.status(), answer.took().toMillis());
    return answer.status() == 200 || answer.status() == 206
        ? Finding.ok(summary)
        : Finding.failed(
            summary + ", not with the file",
            "A proxy or firewall may refuse the host: let it pass *.hf.co.");
  }

  private Answer read(URI address) throws IOException {
    return endpoint.send(
        endpoint.question("GET", address).withHeader("Range", "bytes=0-" + (BYTES - 1)));
  }
}
