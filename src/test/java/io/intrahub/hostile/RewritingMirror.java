package io.intrahub.hostile;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A public mirror of the Hub as its own description has it: a reverse proxy that keeps nothing, and
 * rewrites what the Hub says. Also plays the answers of Olah. Safe for use by many threads.
 */
final class RewritingMirror implements AutoCloseable {
  /** Headers of a connection, which are the server's own. */
  private static final Set<String> NOT_COPIED =
      Set.of("connection", "content-length", "date", "host", "transfer-encoding", "upgrade");

  private static final String PAGE = "<!DOCTYPE html><title>Checking your browser</title>";
  private static final String CDN = "/cdn";

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(Duration.ofSeconds(10))
          .build();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger calls = new AtomicInteger();
  private final List<String> tokens = new CopyOnWriteArrayList<>();
  private final AtomicReference<Optional<Trouble>> once = new AtomicReference<>(Optional.empty());
  private final HttpServer server;
  private final Style style;
  private final URI hub;
  private final String cdn;
  private volatile Optional<Trouble> trouble = Optional.empty();

  /** What it changes of the Hub's answers. */
  enum Style {
    /** Redirects to the CDN lead to another name of the mirror. */
    OWN_HOST,
    /** Redirects to the CDN are relative. */
    RELATIVE,
    /** No answer names the commit. */
    NO_COMMIT,
    /** No answer names the size of an LFS file. */
    NO_SIZE,
    /** The Hub's own headers have other names. */
    RENAMED_HEADERS,
    /** Redirects are relative, and no answer names commit, digest or size. */
    SILENT,
    /** Each {@code ETag} is weak, as after a proxy that compresses. */
    WEAK_ETAGS,
    /**
     * Small files have an {@code ETag} that looks like a digest and is none; redirects have none.
     */
    FOREIGN_ETAGS,
    /** It follows redirects itself and answers with the bytes, and with the headers of both. */
    FOLLOWS,
    /**
     * As Olah 0.5: it answers with the bytes itself, links to the Hub's own next page, and has no
     * batch call.
     */
    OLAH;

    private boolean follows() {
      return this == FOLLOWS || this == OLAH;
    }
  }

  /**
   * An answer of its own instead of the Hub's.
   *
   * @param status of it
   * @param html whether it is a page for people, otherwise it has no body
   */
  record Trouble(int status, boolean html) {}

  private RewritingMirror(HttpServer server, Style style, URI hub, String cdn) {
    this.server = server;
    this.style = style;
    this.hub = hub;
    this.cdn = cdn;
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  /** Starts one in front of a Hub and its CDN, which has this origin. */
  static RewritingMirror start(Style style, URI hub, String cdn) {
    try {
      InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      return new RewritingMirror(HttpServer.create(any, 0), style, hub, cdn);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Whether it names digests that are none. */
  boolean isLying() {
    return style == Style.FOREIGN_ETAGS;
  }

  /** Requests so far. */
  int calls() {
    return calls.get();
  }

  /** Values of {@code Authorization} so far. */
  List<String> tokens() {
    return List.copyOf(tokens);
  }

  /** Answers everything in this way from now on; empty: as the Hub does. */
  void trouble(Optional<Trouble> answer) {
    trouble = answer;
  }

  /** Answers the next call in this way. */
  void troubleOnce(Trouble answer) {
    once.set(Optional.of(answer));
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      calls.incrementAndGet();
      Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization"))
          .ifPresent(tokens::add);
      Optional<Trouble> own = once.getAndSet(Optional.empty()).or(() -> trouble);
      if (own.isPresent()) {
        troubled(exchange, own.get());
        return;
      }
      String target = exchange.getRequestURI().toString();
      if (style == Style.OLAH && target.contains(".git/info/lfs")) {
        answer(exchange, 404, Map.of(), InputStream.nullInputStream());
        return;
      }
      forward(exchange, target);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void troubled(HttpExchange exchange, Trouble own) throws IOException {
    byte[] body = own.html() ? PAGE.getBytes(StandardCharsets.UTF_8) : new byte[0];
    if (own.html()) {
      exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
    }
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(own.status(), head || body.length == 0 ? -1 : body.length);
    if (!head) {
      exchange.getResponseBody().write(body);
    }
  }

  private void forward(HttpExchange exchange, String target)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> response;
    try {
      response = ask(exchange, to(target));
    } catch (IOException e) {
      // As a reverse proxy says that it does not reach the server behind it.
      troubled(exchange, new Trouble(502, true));
      return;
    }
    Map<String, String> headers = headers(response);
    while (style.follows() && response.statusCode() / 100 == 3 && headers.containsKey("location")) {
      response.body().close();
      response = ask(exchange, response.uri().resolve(headers.get("location")));
      Map<String, String> first = headers;
      headers = headers(response);
      for (String name : List.of("x-repo-commit", "x-linked-etag", "x-linked-size", "etag")) {
        if (first.containsKey(name)) {
          headers.put(name, first.get(name));
        }
      }
      if (headers.containsKey("x-linked-etag")) {
        headers.put("etag", headers.get("x-linked-etag"));
      }
    }
    rewrite(response.statusCode(), headers);
    answer(exchange, response.statusCode(), headers, response.body());
  }

  private URI to(String target) {
    return URI.create(
        target.startsWith(CDN + "/")
            ? cdn + target.substring(CDN.length())
            : "http://127.0.0.1:" + hub.getPort() + target);
  }

  private HttpResponse<InputStream> ask(HttpExchange exchange, URI at)
      throws IOException, InterruptedException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(at)
            .timeout(Duration.ofSeconds(20))
            .method(
                exchange.getRequestMethod(),
                body.length == 0
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofByteArray(body));
    boolean atHub = at.getPort() == hub.getPort();
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> {
          String lower = name.toLowerCase(Locale.ROOT);
          if (!NOT_COPIED.contains(lower) && (atHub || !lower.equals("authorization"))) {
            values.forEach(value -> request.header(name, value));
          }
        });
    return client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
  }

  private static Map<String, String> headers(HttpResponse<?> response) {
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    response
        .headers()
        .map()
        .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
    return headers;
  }

  private void rewrite(int status, Map<String, String> headers) {
    String location = headers.get("location");
    boolean toCdn = location != null && location.startsWith(cdn);
    switch (style) {
      case OWN_HOST -> {
        if (toCdn) {
          headers.put(
              "location",
              "http://localhost:"
                  + server.getAddress().getPort()
                  + CDN
                  + location.substring(cdn.length()));
        }
      }
      case RELATIVE -> relative(toCdn, location, headers);
      case NO_COMMIT -> headers.remove("x-repo-commit");
      case NO_SIZE -> headers.remove("x-linked-size");
      case RENAMED_HEADERS -> {
        for (String name : List.of("x-repo-commit", "x-linked-etag", "x-linked-size")) {
          String value = headers.remove(name);
          if (value != null) {
            headers.put(name.replace("x-", "x-mirror-"), value);
          }
        }
      }
      case SILENT -> {
        relative(toCdn, location, headers);
        List.of("x-repo-commit", "x-linked-etag", "x-linked-size", "etag").forEach(headers::remove);
      }
      case WEAK_ETAGS -> {
        headers.computeIfPresent("etag", (_, value) -> "W/" + value);
        headers.computeIfPresent("x-linked-etag", (_, value) -> "W/" + value);
      }
      case FOREIGN_ETAGS -> {
        headers.remove("x-linked-etag");
        headers.put("etag", '"' + "ab".repeat(20) + '"');
      }
      case FOLLOWS, OLAH -> {}
    }
    if (style != Style.OLAH) {
      // Most replace the Hub's name in links; Olah leaves it.
      headers.computeIfPresent(
          "link", (_, value) -> value.replace(hub.toString(), uri().toString()));
    }
    if (status >= 400 && (style == Style.SILENT || style == Style.RENAMED_HEADERS)) {
      headers.remove("x-error-code");
    }
  }

  private static void relative(boolean toCdn, String location, Map<String, String> headers) {
    if (toCdn) {
      URI address = URI.create(location);
      headers.put("location", CDN + address.getRawPath() + "?" + address.getRawQuery());
    }
  }

  private static void answer(
      HttpExchange exchange, int status, Map<String, String> headers, InputStream body)
      throws IOException {
    List<String> own = new ArrayList<>(NOT_COPIED);
    headers.forEach((name, value) -> {
      if (!own.contains(name)) {
        exchange.getResponseHeaders().set(name, value);
      }
    });
    long length = Long.parseLong(headers.getOrDefault("content-length", "-1"));
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (head && length >= 0) {
      exchange.getResponseHeaders().set("Content-Length", Long.toString(length));
    }
    boolean none = head || length == 0 || status == 304 || status == 204;
    exchange.sendResponseHeaders(status, none ? -1 : length < 0 ? 0 : length);
    try (body) {
      if (!none) {
        OutputStream out = exchange.getResponseBody();
        body.transferTo(out);
      }
    }
  }

  @Override
  public void close() {
    server.stop(0);
    client.shutdownNow();
    threads.shutdownNow();
  }
}
