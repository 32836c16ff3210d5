package io.intrahub.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.Callers;
import io.intrahub.access.Fingerprints;
import io.intrahub.mirror.ReplyBody;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The listener with a handler of the test's own, and a time that the test sets forward. */
@Timeout(60)
class HubServerTest {
  private static final String SECRET = "text-of-a-library";
  private static final String REQUEST = "GET /x HTTP/1.1\r\nHost: mirror\r\n\r\n";

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final AtomicLong skew = new AtomicLong();
  private final AtomicReference<HubServer.Handler> handler = new AtomicReference<>(e -> {});
  private final List<RequestListener.Request> answered = new CopyOnWriteArrayList<>();
  private HubServer server;

  @BeforeEach
  void start() throws Exception {
    server =
        new HubServer(
            new HttpSettings("127.0.0.1", 0),
            ClientLimits.DEFAULT,
            exchange -> handler.get().handle(exchange),
            Callers.ofHub(new Fingerprints(new byte[32])),
            () -> "id-of-the-request",
            timer,
            () -> System.nanoTime() + skew.get(),
            answered::add);
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
    timer.shutdownNow();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.setSoTimeout(20_000);
    socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
    return socket;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String rest(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  private String exchange() throws IOException {
    try (Socket socket = connect()) {
      send(socket, REQUEST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
      return rest(socket);
    }
  }

  private static void fail(String kind) {
    switch (kind) {
      case "assertion" -> throw new AssertionError(SECRET);
      case "linkage" -> throw new NoClassDefFoundError(SECRET);
      case "stack" -> throw new StackOverflowError(SECRET);
      case "runtime" -> throw new IllegalStateException(SECRET);
      default -> throw new OutOfMemoryError(SECRET);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"assertion", "linkage", "stack", "runtime"})
  void an_error_is_answered_without_its_text(String kind) throws Exception {
    handler.set(e -> fail(kind));
    String answer = exchange();
    assertThat(answer)
        .startsWith("HTTP/1.1 500 ")
        .contains("{\"error\":\"Internal error of intrahub", "id-of-the-request")
        .doesNotContain(SECRET);
    await().until(() -> answered.size() == 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"assertion", "linkage", "stack", "runtime", "memory"})
  void an_error_within_a_body_breaks_it_off_without_its_text(String kind) throws Exception {
    handler.set(e -> {
      e.response().setContentLengthLong(1_000);
      e.response().getOutputStream().write("begun".getBytes(StandardCharsets.US_ASCII));
      e.response().flushBuffer();
      fail(kind);
    });
    assertThat(exchange()).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\nbegun");
    await().until(() -> answered.size() == 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"assertion", "linkage", "stack", "runtime", "memory"})
  void nor_does_a_body_of_unknown_length_look_whole(String kind) throws Exception {
    handler.set(e -> {
      e.response().getOutputStream().write("begun".getBytes(StandardCharsets.US_ASCII));
      e.response().flushBuffer();
      fail(kind);
    });
    try (Socket socket = connect()) {
      send(socket, REQUEST);
      String answer = rest(socket);
      assertThat(answer).contains("Transfer-Encoding: chunked", "begun").doesNotContain(SECRET);
      assertThat(answer).as("no last chunk").doesNotContain("\r\n0\r\n");
    }
  }

  @Test
  void lack_of_memory_is_not_answered_at_all() throws Exception {
    handler.set(e -> fail("memory"));
    assertThat(exchange()).isEmpty();
  }

  @Tag("slow")
  @Test
  void a_client_that_takes_too_long_for_the_head_of_a_request_is_ended() throws Exception {
    try (Socket slow = connect();
        Socket idle = connect()) {
      send(slow, "GET /x HT");
      // However often it sends a byte.
      CountDownLatch stop = new CountDownLatch(1);
      Thread dripping =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  while (!stop.await(50, TimeUnit.MILLISECONDS)) {
                    send(slow, "T");
                  }
                } catch (IOException | InterruptedException e) {
                  // It was ended.
                }
              });
      await().during(Duration.ofSeconds(2)).until(dripping::isAlive);
      skew.addAndGet(ClientConnection.HEAD_TIMEOUT.toNanos());
      await().atMost(Duration.ofSeconds(10)).until(() -> !dripping.isAlive());
      stop.countDown();

      send(idle, REQUEST);
      assertThat((char) idle.getInputStream().read()).as("who sent nothing yet").isEqualTo('H');
    }
  }

  @Tag("slow")
  @Test
  void a_connection_between_two_requests_and_a_long_answer_are_not_ended_for_that()
      throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    handler.set(e -> {
      e.response().setContentLengthLong(1);
      try {
        gate.await();
      } catch (InterruptedException x) {
        throw new IOException(x);
      }
      e.response().getOutputStream().write('x');
    });
    try (Socket socket = connect()) {
      for (int i = 0; i < 2; i++) {
        send(socket, REQUEST);
        if (i == 0) {
          await().until(() -> server.requestsInFlight() == 1);
        }
        skew.addAndGet(Duration.ofMinutes(1).toNanos());
        await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
        gate.countDown();
        StringBuilder answer = new StringBuilder();
        while (!answer.toString().endsWith("\r\n\r\nx")) {
          answer.append((char) socket.getInputStream().read());
        }
        assertThat(answer.toString()).startsWith("HTTP/1.1 200 ");
      }
    }
  }

  @Test
  @Tag("slow")
  void the_log_says_who_asked_and_that_a_client_left() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    handler.set(e -> {
      begun.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException x) {
        throw new IllegalStateException(x);
      }
    });
    try (Socket socket = connect()) {
      send(socket, REQUEST);
      begun.await();
    }
    await().atMost(Duration.ofSeconds(15)).until(() -> answered.size() == 1);
    assertThat(answered.getFirst().client()).isEqualTo("127.0.0.1");
    assertThat(answered.getFirst().error()).isEqualTo("the client closed the connection");
  }

  private enum Source {
    MEMORY,
    /** As when links in it are changed. */
    MEMORY_WITHOUT_LENGTH,
    STREAM
  }

  /** A body that counts in the memory budget until it is closed. */
  private record Counted(byte[] bytes, Source source, AtomicInteger closed) implements ReplyBody {
    @Override
    public OptionalLong length() {
      return source == Source.MEMORY ? OptionalLong.of(bytes.length) : OptionalLong.empty();
    }

    @Override
    public Optional<byte[]> whole() {
      return source == Source.STREAM ? Optional.empty() : Optional.of(bytes);
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
      out.write(bytes);
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  @ParameterizedTest
  @EnumSource(Source.class)
  void what_a_client_that_takes_nothing_holds_of_a_body_is_counted(Source source) throws Exception {
    int clients = 20;
    byte[] body = new byte[60_000];
    AtomicInteger closed = new AtomicInteger();
    AtomicReference<ArrayByteBufferPool> pool = new AtomicReference<>();
    handler.set(e -> {
      pool.set(
          (ArrayByteBufferPool)
              ServletContextRequest.getServletContextRequest(e.request())
                  .getComponents()
                  .getByteBufferPool());
      ((SocketChannel) e.connection().getChannel()).setOption(StandardSocketOptions.SO_SNDBUF, 1);
      try (ReplyBody counted = new Counted(body, source, closed)) {
        ApiRoutes.write(e, counted);
      }
    });
    List<Socket> stalled = new ArrayList<>();
    try {
      for (int i = 0; i < clients; i++) {
        Socket socket = new Socket();
        stalled.add(socket);
        socket.setReceiveBufferSize(1);
        socket.setSoTimeout(20_000);
        socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
        send(socket, REQUEST);
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
      assertThat(closed).hasValue(0);
      assertThat(server.requestsInFlight()).isEqualTo(clients);
      long held = pool.get().getDirectMemory() + pool.get().getHeapMemory();
      // Buffers for the heads of its request and its response, besides that of a stream.
      long most = 26_000 + (source == Source.STREAM ? ReplyStream.HELD_BACK : 0);
      assertThat(held / clients).as("bytes for each").isLessThan(most);
      for (Socket socket : stalled) {
        assertThat(socket.getInputStream().readNBytes(body.length)).hasSize(body.length);
      }
      await().until(() -> closed.get() == clients);
    } finally {
      for (Socket socket : stalled) {
        socket.close();
      }
    }
  }
}
