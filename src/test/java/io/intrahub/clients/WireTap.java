package io.intrahub.clients;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Passes connections on to a server and keeps what goes over them, both ways. Safe for use by many
 * threads.
 */
final class WireTap implements AutoCloseable {
  private final ServerSocket server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final int target;
  private final List<Wire> wires = new CopyOnWriteArrayList<>();

  /** The bytes of one connection; each stream is written by one thread. */
  private record Wire(ByteArrayOutputStream sent, ByteArrayOutputStream answered) {}

  /** The head of a message, its start line under the empty name, and its body. */
  private record Message(Map<String, String> head, byte[] body) {
    String start() {
      return head.getOrDefault("", "");
    }
  }

  WireTap(URI server) throws IOException {
    this.target = server.getPort();
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    threads.execute(this::accept);
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getLocalPort());
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        Socket mirror = new Socket(InetAddress.getLoopbackAddress(), target);
        Wire wire = new Wire(new ByteArrayOutputStream(), new ByteArrayOutputStream());
        wires.add(wire);
        threads.execute(() -> copy(client, mirror, wire.sent()));
        threads.execute(() -> copy(mirror, client, wire.answered()));
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void copy(Socket from, Socket to, ByteArrayOutputStream kept) {
    byte[] buffer = new byte[16_384];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        kept.write(buffer, 0, n);
        out.write(buffer, 0, n);
      }
    } catch (IOException e) {
      // One side hung up; what came before that is kept.
    }
  }

  /** The exchanges so far that are complete, by connection. */
  List<List<RecordedExchange>> exchanges() {
    List<List<RecordedExchange>> all = new ArrayList<>();
    for (Wire wire : wires) {
      List<RecordedExchange> exchanges = new ArrayList<>();
      InputStream sent = new ByteArrayInputStream(wire.sent().toByteArray());
      InputStream answered = new ByteArrayInputStream(wire.answered().toByteArray());
      Optional<Message> request = message(sent, false);
      while (request.isPresent()) {
        Optional<Message> answer = message(answered, request.get().start().startsWith("HEAD "));
        if (answer.isEmpty()) {
          break;
        }
        exchanges.add(exchange(request.get(), answer.get()));
        request = message(sent, false);
      }
      all.add(exchanges);
    }
    return all;
  }

  private RecordedExchange exchange(Message request, Message answer) {
    String[] line = request.start().split(" ");
    int status = Integer.parseInt(answer.start().split(" ")[1]);
    return RecordedExchange.of(
        line[0],
        line[1],
        request.head(),
        new String(request.body(), StandardCharsets.UTF_8),
        status,
        answer.head(),
        answer.body(),
        uri());
  }

  private static Optional<Message> message(InputStream in, boolean answersHead) {
    try {
      Map<String, String> head = new TreeMap<>();
      String line = line(in);
      if (line.isEmpty()) {
        return Optional.empty();
      }
      head.put("", line);
      for (line = line(in); !line.isEmpty(); line = line(in)) {
        int colon = line.indexOf(':');
        head.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
      return answersHead
          ? Optional.of(new Message(head, new byte[0]))
          : body(head, in).map(body -> new Message(head, body));
    } catch (IOException e) {
      throw new AssertionError("not possible in memory", e);
    }
  }

  /**
   * Empty if the connection ended before the body: a client may hang up when it has seen enough.
   */
  private static Optional<byte[]> body(Map<String, String> head, InputStream in)
      throws IOException {
    if (!head.getOrDefault("transfer-encoding", "").equals("chunked")) {
      int length = Integer.parseInt(head.getOrDefault("content-length", "0"));
      return Optional.of(in.readNBytes(length)).filter(body -> body.length == length);
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (int n = chunk(in); n > 0; n = chunk(in)) {
      body.write(in.readNBytes(n));
      line(in);
    }
    line(in);
    return Optional.of(body.toByteArray());
  }

  private static int chunk(InputStream in) throws IOException {
    String size = line(in);
    return size.isEmpty() ? 0 : Integer.parseInt(size, 16);
  }

  /** Without its end; empty also at the end of the stream. */
  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
      line.write(b);
    }
    return line.toString(StandardCharsets.ISO_8859_1).strip();
  }

  @Override
  public void close() throws IOException {
    server.close();
    threads.shutdownNow();
  }
}
