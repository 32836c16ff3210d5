package io.intrahub.upstream.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ServerSocketFactory;

/**
 * A small HTTP proxy: tunnels with CONNECT, forwards requests with a whole address, wants Basic
 * credentials if told to. Names are resolved by its own table, so a test sees that nobody else did.
 */
final class TestProxy implements AutoCloseable {
  private final ServerSocket server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, Integer> names = new ConcurrentHashMap<>();
  private final List<String> heads = new CopyOnWriteArrayList<>();
  private volatile Optional<String> credentials = Optional.empty();
  private volatile String scheme = "Basic realm=\"proxy\"";
  private volatile Optional<String> ownAnswer = Optional.empty();

  private TestProxy(ServerSocket server) {
    this.server = server;
    threads.execute(this::accept);
  }

  static TestProxy start() throws IOException {
    return start(ServerSocketFactory.getDefault());
  }

  /** With a factory for TLS: the proxy itself is reached over TLS. */
  static TestProxy start(ServerSocketFactory sockets) throws IOException {
    ServerSocket server = sockets.createServerSocket();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    return new TestProxy(server);
  }

  int port() {
    return server.getLocalPort();
  }

  /** Leads a name to a port of this machine. */
  TestProxy name(String name, int port) {
    names.put(name, port);
    return this;
  }

  /** Lets in whoever has these. */
  TestProxy wants(String user, String password) {
    String both = user + ":" + password;
    credentials =
        Optional.of(
            "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8)));
    return this;
  }

  /** What it asks for. */
  TestProxy challenge(String value) {
    scheme = value;
    return this;
  }

  /** Answers everything itself: a page of the proxy's own. */
  TestProxy answers(String status) {
    ownAnswer = Optional.of(status);
    return this;
  }

  /** Heads of requests as they came, oldest first. */
  List<String> heads() {
    return List.copyOf(heads);
  }

  /** First lines of requests. */
  List<String> lines() {
    return heads.stream().map(h -> h.lines().findFirst().orElse("")).toList();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        threads.execute(() -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      InputStream in = client.getInputStream();
      OutputStream out = client.getOutputStream();
      for (Optional<String> head = head(in); head.isPresent(); head = head(in)) {
        heads.add(head.get());
        if (!answer(head.get(), client, in, out)) {
          return;
        }
      }
    } catch (IOException e) {
      // The client is gone, or did not like our certificate.
      return;
    }
  }

  /** True if the connection stays open for another request. */
  private boolean answer(String head, Socket client, InputStream in, OutputStream out)
      throws IOException {
    String[] words = head.lines().findFirst().orElseThrow().split(" ");
    if (credentials.isPresent() && !credentials.equals(header(head, "proxy-authorization"))) {
      page(
          out,
          words[0].equals("HEAD"),
          "407 Proxy Authentication Required",
          "Proxy-Authenticate: " + scheme + "\r\n");
      return true;
    }
    if (ownAnswer.isPresent()) {
      page(out, words[0].equals("HEAD"), ownAnswer.get(), "");
      return false;
    }
    boolean tunnel = words[0].equals("CONNECT");
    URI target = URI.create(tunnel ? "https://" + words[1] : words[1]);
    Integer port = names.get(target.getHost());
    if (port == null) {
      page(out, words[0].equals("HEAD"), "502 Bad Gateway", "");
      return true;
    }
    try (Socket upstream = new Socket(InetAddress.getLoopbackAddress(), port)) {
      if (tunnel) {
        out.write(
            "HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
      } else {
        String path =
            target.getRawPath()
                + Optional.ofNullable(target.getRawQuery()).map(q -> "?" + q).orElse("");
        List<String> lines = new ArrayList<>(head.lines().toList());
        lines.set(0, words[0] + " " + path + " HTTP/1.1");
        lines.removeIf(l ->
            l.toLowerCase(Locale.ROOT).startsWith("proxy-")
                || l.isEmpty()
                || l.startsWith("Connection:"));
        lines.add("Connection: close");
        upstream
            .getOutputStream()
            .write((String.join("\r\n", lines) + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
      }
      threads.execute(() -> copy(in, upstream));
      upstream.getInputStream().transferTo(out);
      out.flush();
    }
    return false;
  }

  private static void copy(InputStream in, Socket to) {
    try {
      in.transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      // One of both ends is gone, which the other direction sees too.
      return;
    }
  }

  private static void page(OutputStream out, boolean head, String status, String headers)
      throws IOException {
    byte[] body =
        "<html><body>This is the proxy of ACME.</body></html>".getBytes(StandardCharsets.UTF_8);
    out.write(
        ("HTTP/1.1 "
                + status
                + "\r\nContent-Type: text/html\r\n"
                + headers
                + "Content-Length: "
                + body.length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    if (!head) {
      out.write(body);
    }
    out.flush();
  }

  /** All up to the empty line; empty if the client closed. */
  private static Optional<String> head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (!head.toString().endsWith("\r\n\r\n")) {
      int c = in.read();
      if (c < 0) {
        return Optional.empty();
      }
      head.append((char) c);
    }
    return Optional.of(head.toString());
  }

  private static Optional<String> header(String head, String name) {
    return head.lines()
        .filter(l -> l.toLowerCase(Locale.ROOT).startsWith(name + ":"))
        .map(l -> l.substring(name.length() + 1).strip())
        .findFirst();
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    threads.shutdownNow();
  }
}
