package io.intrahub.http;

import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** The port for clients: limits connections, and checks open ones for clients that left. */
final class ClientConnector extends ServerConnector {
  /**
   * Connections that may wait to be accepted; the system may allow fewer. With Java's default of
   * 50, some of a thousand clients that connect at once are reset, and others are accepted only
   * after a minute of ever longer pauses.
   */
  private static final int ACCEPT_QUEUE = 4096;

  /** Between two requests. {@link JettySetup} sets the limit while a request is answered. */
  private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);

  /** How long a client may take to read that its connection is refused. */
  private static final Duration REFUSED_TIMEOUT = Duration.ofSeconds(3);

  private final LongSupplier nanos;

  ClientConnector(
      Server server,
      HttpConfiguration http,
      HttpSettings settings,
      ConnectionAdmission connectionAdmission,
      Supplier<String> requestIds,
      LongSupplier nanos) {
    super(server, new Factory(http, connectionAdmission, requestIds));
    this.nanos = nanos;
    setHost(settings.host());
    setPort(settings.port());
    setAcceptQueueSize(ACCEPT_QUEUE);
    setIdleTimeout(IDLE_TIMEOUT.toMillis());
  }

  @Override
  protected SocketChannelEndPoint newEndPoint(
      SocketChannel channel, ManagedSelector selector, SelectionKey key) {
    ClientConnection end =
        new ClientConnection(channel, selector, key, getScheduler(), getExecutor(), nanos);
    end.setIdleTimeout(getIdleTimeout());
    return end;
  }

  /** Checks for clients that have left or are too slow. To be called about once a second. */
  void look() {
    for (EndPoint end : getConnectedEndPoints()) {
      if (end instanceof ClientConnection connection) {
        connection.look();
      }
    }
  }

  private static final class Factory extends HttpConnectionFactory {
    private final ConnectionAdmission connectionAdmission;
    private final Supplier<String> requestIds;

    Factory(
        HttpConfiguration http,
        ConnectionAdmission connectionAdmission,
        Supplier<String> requestIds) {
      super(http);
      this.connectionAdmission = connectionAdmission;
      this.requestIds = requestIds;
    }

    @Override
    public Connection newConnection(Connector connector, EndPoint endPoint) {
      ClientConnection end = (ClientConnection) endPoint;
      Executor executor = connector.getExecutor();
      return switch (connectionAdmission.judge(ClientNames.address(end.getRemoteSocketAddress()))) {
        case ConnectionAdmission.Verdict.Admitted admitted -> {
          end.onClose(admitted.onClose());
          yield super.newConnection(connector, endPoint);
        }
        case ConnectionAdmission.Verdict.Refused refused -> {
          end.onClose(refused.onClose());
          end.closeAfter(REFUSED_TIMEOUT);
          yield new RefusedConnection(endPoint, executor, refused.error(), requestIds.get());
        }
        case ConnectionAdmission.Verdict.Dropped _ -> {
          end.close();
          yield super.newConnection(connector, endPoint);
        }
      };
    }
  }
}
