package io.intrahub.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
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
    server = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"));
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
