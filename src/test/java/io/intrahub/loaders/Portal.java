package io.intrahub.loaders;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The page of a network that wants a login first: it answers everything, with 200. */
final class Portal implements AutoCloseable {
  private static final String PAGE =
      "<!DOCTYPE html><html><title>Sign in</title><form>Please sign in</form></html>";

  private final HttpServer server;
  private final List<String> tokens = new CopyOnWriteArrayList<>();

  Portal() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] page = PAGE.getBytes(StandardCharsets.UTF_8);
          tokens.addAll(exchange.getRequestHeaders().getOrDefault("Authorization", List.of()));
          exchange.getResponseHeaders().set("Content-Type", "text/html");
          boolean head = exchange.getRequestMethod().equals("HEAD");
          exchange.sendResponseHeaders(200, head ? -1 : page.length);
          if (!head) {
            exchange.getResponseBody().write(page);
          }
          exchange.close();
        });
    server.start();
  }

  /** Where a network like this sends everybody. */
  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/login";
  }

  /** Tokens that it was told, which nobody may do. */
  List<String> tokens() {
    return tokens;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
