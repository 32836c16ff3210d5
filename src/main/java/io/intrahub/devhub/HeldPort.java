package io.intrahub.devhub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;

/**
 * A port of this machine that is for one listener, also while that does not listen: connections are
 * refused then, and nobody else gets the port. A connection of any process may get a free one as
 * its own end, and then the listener could not come back. Made for Linux, where a socket that does
 * not listen may share a port with one that does; elsewhere the port is let go again at once.
 */
public final class HeldPort implements AutoCloseable {
  private static final boolean IS_LINUX = System.getProperty("os.name", "").equals("Linux");

  private final SocketChannel socket;
  private final int number;

  /**
   * Takes a port.
   *
   * @param port 0 for any that is free
   */
  public HeldPort(String host, int port) {
    try {
      socket = SocketChannel.open();
      try {
        socket.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        socket.bind(new InetSocketAddress(host, port));
        number = ((InetSocketAddress) socket.getLocalAddress()).getPort();
        if (!IS_LINUX) {
          socket.close();
        }
      } catch (IOException e) {
        socket.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("port %d of %s cannot be taken".formatted(port, host), e);
    }
  }

  /** Its number. */
  public int number() {
    return number;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
