package io.intrahub.upstream.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import javax.net.SocketFactory;
import okhttp3.Handshake;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * Sends single questions to a server and reads small answers, for commands that examine upstream:
 * with the same proxies, certificates and redirect guard as the mirror's own calls, but without
 * retries, circuit breaker or quotas. Safe for use by many threads.
 */
public final class HttpProbe implements AutoCloseable {
  private static final MediaType JSON = MediaType.get("application/json");
  private static final Duration NO_EARLIER_END = Duration.ofDays(1);

  private final HttpTransport transport;
  private final RedirectGuard guard;

  /**
   * A question.
   *
   * @param headers sent with it
   * @param json its body; empty: it has none
   * @param maxBody bytes of the answer's body that are read
   * @param atMost how long everything may take
   */
  public record Question(
      String method,
      URI address,
      Map<String, String> headers,
      Optional<String> json,
      int maxBody,
      Duration atMost) {
    /** Takes a copy of the headers. */
    public Question {
      headers = Map.copyOf(headers);
    }

    /** One without headers or a body. */
    public static Question of(String method, URI address, int maxBody, Duration atMost) {
      return new Question(method, address, Map.of(), Optional.empty(), maxBody, atMost);
    }

    /** The same with a header. */
    public Question withHeader(String name, String value) {
      Map<String, String> more = new TreeMap<>(headers);
      more.put(name, value);
      return new Question(method, address, more, json, maxBody, atMost);
    }

    /** The same with a body of JSON. */
    public Question withJson(String body) {
      return new Question(method, address, headers, Optional.of(body), maxBody, atMost);
    }
  }

  /**
   * An answer.
   *
   * @param headers by name in lower case
   * @param body its beginning, as UTF-8
   * @param whole whether {@code body} is all of it
   * @param took from the call until the body was read
   * @param tls version and issuer of the server's certificate; empty without TLS
   */
  public record Answer(
      int status,
      Map<String, List<String>> headers,
      String body,
      boolean whole,
      Duration took,
      Optional<String> tls) {
    /** The values of a header, whatever the case of its name. */
    public List<String> values(String name) {
      return headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
    }

    /** The first value of a header. */
    public Optional<String> header(String name) {
      return values(name).stream().findFirst();
    }
  }

  /**
   * Connects to nothing yet.
   *
   * @param endpointHosts hosts that the operator configured, in lower case
   * @param timer runs short tasks only
   */
  public HttpProbe(
      NetworkSettings settings, Set<String> endpointHosts, ScheduledExecutorService timer) {
    this.guard = new RedirectGuard(endpointHosts);
    this.transport =
        new HttpTransport(settings, timer, guard, SocketFactory.getDefault(), List.of());
  }

  /**
   * Sends a question and reads the answer.
   *
   * @throws IOException when there is no answer in time; {@link ConnectionErrors} says why in words
   */
  public Answer send(Question question) throws IOException {
    Request.Builder request =
        new Request.Builder()
            .url(url(question.address()))
            // Otherwise OkHttp asks for gzip, and changes the headers of the answer.
            .header("Accept-Encoding", "identity");
    question.headers().forEach(request::header);
    request.method(
        question.method(),
        question
            .json()
            .map(body -> RequestBody.create(body.getBytes(StandardCharsets.UTF_8), JSON))
            .orElse(null));
    long begin = System.nanoTime();
    try (Response response =
            transport.send(request.build(), question.atMost(), () -> Optional.of(NO_EARLIER_END));
        InputStream body = response.body().byteStream()) {
      byte[] read = body.readNBytes(question.maxBody() + 1);
      boolean whole = read.length <= question.maxBody();
      int length = Math.min(read.length, question.maxBody());
      return new Answer(
          response.code(),
          headers(response),
          new String(read, 0, length, StandardCharsets.UTF_8),
          whole,
          Duration.ofNanos(System.nanoTime() - begin),
          Optional.ofNullable(response.handshake()).map(HttpProbe::describe));
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (InterruptedIOException e) {
      if ("timeout".equals(e.getMessage())) {
        throw new HttpTransport.FirstByteTimeoutException(
            "no complete answer within " + question.atMost().toMillis() + " ms", e);
      }
      throw e;
    }
  }

  /**
   * Where an answer redirects to.
   *
   * @param from the address that was asked
   * @return empty when it does not redirect, or when the mirror would not follow
   */
  public Optional<URI> redirect(URI from, Answer answer) {
    Optional<String> location = answer.header("Location");
    if (answer.status() < 300 || answer.status() >= 400 || location.isEmpty()) {
      return Optional.empty();
    }
    return Optional.ofNullable(HttpUrl.parse(from.toString()))
        .flatMap(base ->
            Optional.ofNullable(base.resolve(location.get()))
                .filter(target -> guard.allows(base, target)))
        .map(HttpUrl::uri);
  }

  private static HttpUrl url(URI address) throws IOException {
    HttpUrl url = HttpUrl.parse(address.toString());
    if (url == null) {
      throw new IOException("its address is not one of HTTP");
    }
    return url;
  }

  private static Map<String, List<String>> headers(Response response) {
    Map<String, List<String>> headers = new TreeMap<>();
    for (String name : response.headers().names()) {
      headers.put(name.toLowerCase(Locale.ROOT), response.headers(name));
    }
    return headers;
  }

  private static String describe(Handshake handshake) {
    String issuer =
        handshake.peerCertificates().isEmpty()
            ? "nobody"
            : ((X509Certificate) handshake.peerCertificates().getLast())
                .getIssuerX500Principal()
                .getName();
    return handshake.tlsVersion().javaName() + ", certificate issued by \"" + issuer + "\"";
  }

  @Override
  public void close() {
    transport.close();
  }
}
