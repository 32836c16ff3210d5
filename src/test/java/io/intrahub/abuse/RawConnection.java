package io.intrahub.abuse;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * A connection on which a test says whatever it likes. For one thread, except that any thread may
 * close it.
 */
final class RawConnection implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 30_000;
  private static final int MAX_HEAD = 32 * 1024;

  /** What the system takes for a client that does not read: little, so that the mirror waits. */
  private static final int RECEIVE_BUFFER = 16 * 1024;

  private final Socket socket;
  private final Set<RawConnection> all;

  private RawConnection(Socket socket, Set<RawConnection> all) {
    this.socket = socket;
    this.all = all;
  }

  /**
   * Connects.
   *
   * @param from an address of this machine
   * @param all where it is listed while it is open
   */
  static RawConnection open(URI mirror, String from, Set<RawConnection> all) throws IOException {
    Socket socket = new Socket();
    RawConnection rawConnection = new RawConnection(socket, all);
    all.add(rawConnection);
    try {
      socket.setReceiveBufferSize(RECEIVE_BUFFER);
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.bind(new InetSocketAddress(from, 0));
      socket.connect(new InetSocketAddress(mirror.getHost(), mirror.getPort()), PATIENCE_MILLIS);
      return rawConnection;
    } catch (IOException e) {
      rawConnection.close();
      throw e;
    }
  }

  void send(String text) throws IOException {
    send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  void send(byte[] bytes) throws IOException {
    send(bytes, bytes.length);
  }

  void send(byte[] bytes, int length) throws IOException {
    socket.getOutputStream().write(bytes, 0, length);
  }

  /** A request without a body. */
  void request(String method, String target, String... headers) throws IOException {
    send(
        method
            + " "
            + target
            + " HTTP/1.1\r\nHost: mirror\r\n"
            + (headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n")
            + "\r\n");
  }

  /**
   * Reads the head of an answer and none of its body.
   *
   * @return the status
   */
  String status() throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    InputStream in = socket.getInputStream();
    int ends = 0;
    while (ends < 2) {
      int b = in.read();
      if (b < 0 || head.size() > MAX_HEAD) {
        throw new EOFException("no whole head: " + head.size() + " bytes");
      }
      head.write(b);
      ends = b == '\n' ? ends + 1 : b == '\r' ? ends : 0;
    }
    return head.toString(StandardCharsets.ISO_8859_1).split(" ", 3)[1];
  }

  /**
   * Reads up to so many bytes.
   *
   * @return how many came before the connection ended
   */
  long read(long bytes) throws IOException {
    byte[] buffer = new byte[8 * 1024];
    long got = 0;
    while (got < bytes) {
      int n = socket.getInputStream().read(buffer, 0, (int) Math.min(buffer.length, bytes - got));
      if (n < 0) {
        break;
      }
      got += n;
    }
    return got;
  }

  /** Closes with a reset, so that what is on its way to the client is refused. */
  void reset() {
    try {
      socket.setSoLinger(true, 0);
    } catch (SocketException e) {
      // It is closed already.
    }
    close();
  }

  @Override
  public void close() {
    all.remove(this);
    try {
      socket.close();
    } catch (IOException e) {
      throw new AssertionError("a socket can't be closed", e);
    }
  }
}
