package io.intrahub.devhub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** One GET over a plain socket, to see what a client library would hide. */
final class RawExchange implements AutoCloseable {
  private final Socket socket;
  private final InputStream in;
  private String head = "";

  private RawExchange(Socket socket) throws IOException {
    this.socket = socket;
    this.in = socket.getInputStream();
  }

  static RawExchange get(URI origin, String target, String... headers) throws IOException {
    StringBuilder more = new StringBuilder();
    for (int i = 0; i < headers.length; i += 2) {
      more.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
    }
    return send(origin, "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n");
  }

  static RawExchange send(URI origin, String request) throws IOException {
    Socket socket = new Socket(origin.getHost(), origin.getPort());
    socket.setSoTimeout(20_000);
    socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
    return new RawExchange(socket);
  }

  /** Status line and headers. */
  String head() throws IOException {
    if (head.isEmpty()) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      while (!bytes.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
        int b = in.read();
        if (b < 0) {
          throw new IOException("closed within the head");
        }
        bytes.write(b);
      }
      head = bytes.toString(StandardCharsets.ISO_8859_1);
    }
    return head;
  }

  /** The next n bytes of the body. */
  byte[] body(int n) throws IOException {
    head();
    return in.readNBytes(n);
  }

  /** The body up to the end of the connection. */
  byte[] rest() throws IOException {
    head();
    return in.readAllBytes();
  }

  /** All that comes, the head too. */
  byte[] everything() throws IOException {
    return in.readAllBytes();
  }

  /** Whether nothing comes for so long. */
  boolean quietFor(Duration time) throws IOException {
    socket.setSoTimeout((int) time.toMillis());
    try {
      return in.read() == Integer.MIN_VALUE;
    } catch (SocketTimeoutException e) {
      return true;
    } finally {
      socket.setSoTimeout(20_000);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
