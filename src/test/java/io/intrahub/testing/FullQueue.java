package io.intrahub.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A port to which connections neither succeed nor fail, as behind a firewall that drops packets:
 * the queue of its listener is full. Closing it refuses them.
 */
public final class FullQueue implements AutoCloseable {
  private final List<Socket> waiting = new ArrayList<>();
  private final ServerSocket server;

  /** On any port. */
  public FullQueue() throws IOException {
    this(0);
  }

  /**
   * Takes a port, and fills its queue.
   *
   * @param port 0 for any that is free
   */
  public FullQueue(int port) throws IOException {
    server = listen(port);
    for (int i = 0; ; i++) {
      Socket socket = new Socket();
      waiting.add(socket);
      try {
        socket.connect(server.getLocalSocketAddress(), 500);
      } catch (SocketTimeoutException e) {
        return;
      }
      assertThat(i).as("connections that nobody accepts").isLessThan(100);
    }
  }

  /**
   * A process that another thread starts has a copy of every listener until it runs its program, so
   * a port that was let go may be taken for a moment.
   */
  private static ServerSocket listen(int port) {
    return await("port " + port + " is free")
        .pollInterval(Duration.ofMillis(10))
        .ignoreExceptionsInstanceOf(BindException.class)
        .until(() -> new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1")), _ -> true);
  }

  /** Its address. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getLocalPort());
  }

  @Override
  public void close() throws IOException {
    for (Socket socket : waiting) {
      socket.close();
    }
    server.close();
  }
}
