package io.intrahub.cli.doctor;

import io.intrahub.access.AccessToken;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.net.HttpProbe;
import io.intrahub.upstream.net.HttpProbe.Answer;
import io.intrahub.upstream.net.HttpProbe.Question;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;

/**
 * Asks one endpoint single questions. A token goes only to an endpoint that receives tokens. Safe
 * for use by many threads.
 */
public final class EndpointProbe {
  /** Repo info and listings of the small repos that are asked about are far smaller. */
  static final int MAX_BODY = 1 << 20;

  private final HttpProbe http;
  private final EndpointSettings endpoint;
  private final Duration patience;

  /**
   * Asks nothing yet.
   *
   * @param patience how long a whole answer may take
   */
  public EndpointProbe(HttpProbe http, EndpointSettings endpoint, Duration patience) {
    this.http = http;
    this.endpoint = endpoint;
    this.patience = patience;
  }

  /** The host of the endpoint, and its port if that is not the usual one. */
  String host() {
    URI address = endpoint.address();
    return address.getHost() + (address.getPort() < 0 ? "" : ":" + address.getPort());
  }

  EndpointSettings endpoint() {
    return endpoint;
  }

  /** The address of a path at the endpoint. */
  URI address(String path) {
    return URI.create(endpoint.address().toString().replaceFirst("/+$", "") + path);
  }

  /** The path of the API for a repo, such as {@code /api/models/gpt2}. */
  static String api(RepoId repo) {
    return "/api/" + repo.type().plural() + "/" + repo.id();
  }

  /** The path of a repo outside the API, such as {@code /datasets/acme/x}. */
  static String pages(RepoId repo) {
    return "/" + repo.type().pathPrefix() + repo.id();
  }

  Answer get(String path) throws IOException {
    return send(question("GET", path));
  }

  Answer head(String path) throws IOException {
    return send(question("HEAD", path));
  }

  /**
   * Asks with a token.
   *
   * @throws IllegalStateException if the endpoint receives no tokens
   */
  Answer get(String path, AccessToken token) throws IOException {
    if (!endpoint.receivesTokens()) {
      throw new IllegalStateException("a token for an endpoint that receives none");
    }
    return send(question("GET", path).withHeader("Authorization", token.asAuthorization()));
  }

  Question question(String method, String path) {
    return question(method, address(path));
  }

  Question question(String method, URI address) {
    return Question.of(method, address, MAX_BODY, patience);
  }

  Answer send(Question question) throws IOException {
    return http.send(question);
  }

  HttpProbe http() {
    return http;
  }
}
