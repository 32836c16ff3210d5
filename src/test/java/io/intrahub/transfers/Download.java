package io.intrahub.transfers;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One GET over a plain socket, read as slowly as a test wants: nothing is read ahead but what the
 * system's receive buffer takes. Every byte is compared with what the file has there. For one
 * thread at a time.
 */
final class Download implements AutoCloseable {
  /** How long nothing may come; a thousand on a busy machine have to wait for each other. */
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private static final int CHUNK = 64 * 1024;

  private final Socket socket;
  private final InputStream in;
  private final DevFile file;
  private final String head;
  private final long length;
  private final byte[] got = new byte[CHUNK];
  private final byte[] want = new byte[CHUNK];
  private long at;
  private long left;

  /** How a body that was begun ended; wrong bytes are neither, they fail the test. */
  enum End {
    WHOLE,
    BROKEN
  }

  private Download(Socket socket, DevFile file) throws IOException {
    this.socket = socket;
    this.in = socket.getInputStream();
    this.file = file;
    this.head = readHead();
    this.length = header("content-length").map(Long::parseLong).orElse(-1L);
    this.left = length;
    this.at =
        header("content-range")
            .map(r -> Long.parseLong(r.substring("bytes ".length(), r.indexOf('-'))))
            .orElse(0L);
  }

  /**
   * Sends the request and reads the head of the answer.
   *
   * @param range the value of a {@code Range} header, or empty
   * @param receiveBuffer bytes that the system may take in advance; empty for its own choice
   */
  static Download of(
      URI mirror, String target, DevFile file, String range, OptionalLong receiveBuffer)
      throws IOException {
    Socket socket = new Socket();
    if (receiveBuffer.isPresent()) {
      socket.setReceiveBufferSize((int) receiveBuffer.getAsLong());
    }
    socket.setSoTimeout((int) PATIENCE.toMillis());
    socket.connect(new InetSocketAddress(mirror.getHost(), mirror.getPort()));
    String more = range.isEmpty() ? "" : "Range: " + range + "\r\n";
    socket
        .getOutputStream()
        .write(
            ("GET " + target + " HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n" + more + "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
    try {
      return new Download(socket, file);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  static Download of(URI mirror, String target, DevFile file, String range) throws IOException {
    return of(mirror, target, file, range, OptionalLong.empty());
  }

  private String readHead() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int ends = 0;
    while (ends < 2) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("closed within the head: " + bytes);
      }
      bytes.write(b);
      if (b == '\n') {
        ends++;
      } else if (b != '\r') {
        ends = 0;
      }
    }
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  int status() {
    return Integer.parseInt(head.split(" ", 3)[1]);
  }

  Optional<String> header(String name) {
    return head.lines()
        .filter(l -> l.toLowerCase(Locale.ROOT).startsWith(name + ":"))
        .map(l -> l.substring(name.length() + 1).strip())
        .findFirst();
  }

  /** Length of the body as announced. */
  long length() {
    return length;
  }

  /** Bytes that are still to come. */
  long left() {
    return left;
  }

  /** Reads so many bytes more and compares them. */
  void read(long bytes) throws IOException {
    long end = left - bytes;
    while (left > end) {
      if (!some((int) Math.min(CHUNK, left - end))) {
        throw new EOFException(left + " of " + length + " bytes are missing");
      }
    }
  }

  /** Reads to the end and compares. A body that hangs is no end. */
  End rest() {
    try {
      read(left);
      return End.WHOLE;
    } catch (SocketTimeoutException e) {
      throw new AssertionError("nothing came any more, %d bytes before the end".formatted(left), e);
    } catch (IOException e) {
      return End.BROKEN;
    }
  }

  private boolean some(int most) throws IOException {
    int n = in.read(got, 0, most);
    if (n < 0) {
      return false;
    }
    file.read(at, want, 0, n);
    if (!Arrays.equals(got, 0, n, want, 0, n)) {
      int wrong = Arrays.mismatch(got, 0, n, want, 0, n);
      assertThat(at + wrong)
          .as("offset of a wrong byte, %s", head.lines().findFirst())
          .isNegative();
    }
    at += n;
    left -= n;
    return true;
  }

  /** Whether nothing comes for so long. */
  boolean quietFor(Duration time) throws IOException {
    socket.setSoTimeout((int) time.toMillis());
    try {
      return in.read() == Integer.MIN_VALUE;
    } catch (SocketTimeoutException e) {
      return true;
    } finally {
      socket.setSoTimeout((int) PATIENCE.toMillis());
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
