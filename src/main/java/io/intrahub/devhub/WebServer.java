package io.intrahub.devhub;

import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.http.Handler;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Jetty with two listeners, HTTP/1.1 only, one virtual thread a request. Listeners can be taken
 * down and brought back on the same ports.
 */
final class WebServer {
  static final String HUB = "hub";
  static final String CDN = "cdn";

  private static final long IDLE_MILLIS = 600_000;

  private final Javalin javalin;
  private final ServerConnector hub;
  private final ServerConnector cdn;
  private final HeldPort heldHub;
  private final HeldPort heldCdn;

  WebServer(String host, int hubPort, int cdnPort, int sendBuffer, Consumer<DevExchange> handler) {
    ServerConnector[] made = new ServerConnector[2];
    heldHub = new HeldPort(host, hubPort);
    heldCdn = new HeldPort(host, cdnPort);
    Handler router =
        ctx -> {
          handler.accept(new DevExchange(ctx));
          ctx.skipRemainingHandlers();
        };
    javalin =
        Javalin.create(config -> {
          config.startup.showJavalinBanner = false;
          config.startup.startupWatcherEnabled = false;
          config.http.compressionStrategy = CompressionStrategy.NONE;
          config.jetty.threadPool = threads();
          config.jetty.modifyHttpConfiguration(WebServer::configure);
          config.jetty.modifyServer(WebServer::plainErrors);
          config.jetty.addConnector((server, http) ->
              made[0] = connector(server, http, HUB, host, heldHub.number(), sendBuffer));
          config.jetty.addConnector((server, http) ->
              made[1] = connector(server, http, CDN, host, heldCdn.number(), sendBuffer));
          config.routes.before(router);
        });
    try {
      javalin.start();
    } catch (RuntimeException e) {
      closePorts();
      throw e;
    }
    hub = made[0];
    cdn = made[1];
    // From now on the ports are fixed, so that a listener that went down comes back where it was.
    hub.setPort(hub.getLocalPort());
    cdn.setPort(cdn.getLocalPort());
  }

  int hubPort() {
    return hub.getPort();
  }

  int cdnPort() {
    return cdn.getPort();
  }

  /** Does nothing if the listener is so already. */
  void switchHub(boolean up) {
    listen(hub, up);
  }

  /** Does nothing if the listener is so already. */
  void switchCdn(boolean up) {
    listen(cdn, up);
  }

  private static void listen(ServerConnector connector, boolean up) {
    try {
      if (up) {
        connector.start();
      } else {
        connector.stop();
      }
    } catch (Exception e) {
      throw new IllegalStateException(connector.getName() + " cannot be switched", e);
    }
  }

  void stop() {
    javalin.stop();
    closePorts();
  }

  private void closePorts() {
    heldHub.close();
    heldCdn.close();
  }

  private static QueuedThreadPool threads() {
    QueuedThreadPool pool = new QueuedThreadPool(16, 4);
    pool.setName("devhub");
    pool.setDaemon(true);
    pool.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
    return pool;
  }

  private static ServerConnector connector(
      Server server, HttpConfiguration http, String name, String host, int port, int sendBuffer) {
    // No acceptor threads: one from before a stop may still run when the listener starts again, and
    // its pending interrupt would close the new socket.
    ServerConnector connector =
        new ServerConnector(server, 0, 1, new HttpConnectionFactory(http)) {
          @Override
          protected SocketChannelEndPoint newEndPoint(
              SocketChannel channel, ManagedSelector selector, SelectionKey key) {
            CountedEndPoint end = new CountedEndPoint(channel, selector, key, getScheduler());
            end.setIdleTimeout(getIdleTimeout());
            return end;
          }
        };
    connector.setName(name);
    connector.setHost(host);
    connector.setPort(port);
    connector.setAcceptedSendBufferSize(sendBuffer);
    // Stalled answers must outlive the patience of every client.
    connector.setIdleTimeout(IDLE_MILLIS);
    return connector;
  }

  private static void configure(HttpConfiguration http) {
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(32 * 1024);
    http.setResponseHeaderSize(32 * 1024);
    // Revisions and paths carry encoded slashes and percent signs.
    http.setUriCompliance(
        UriCompliance.from(
            EnumSet.of(
                UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
                // An escaped backslash, which git allows in names.
                UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS)));
  }

  /** What never reaches the routes, such as a malformed target, is refused in the Hub's form. */
  private static void plainErrors(Server server) {
    server.setErrorHandler(
        (Request.Handler)
            (request, response, callback) -> {
              byte[] body = "{\"error\":\"Bad request\"}".getBytes(StandardCharsets.UTF_8);
              response.getHeaders().put(HttpHeader.CONTENT_TYPE, Reply.JSON);
              response.write(true, ByteBuffer.wrap(body), callback);
              return true;
            });
  }
}
