package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bodies of requests that are large, slow, never finished, or ask for the same thing very often.
 */
class RequestBodiesTest {
  private static final String PATHS_INFO = "/api/models/acme/open/paths-info/main";
  private static final String FILE = "/acme/open/resolve/main/a.txt";
  private static final long BUDGET = 8L * 1024 * 1024;
  private static final Duration BODY_TIMEOUT = Duration.ofMillis(1500);

  @TempDir Path data;
  private Rig rig;
  private boolean impatient;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data, this::tight);
    Map<String, DevFile> files = new LinkedHashMap<>();
    files.put("a.txt", DevFile.text("a"));
    files.put("b c.txt", DevFile.text("b"));
    rig.hub.repo("model", "acme/open").commit("Add them", files);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private AppSettings tight(AppSettings s) {
    return (impatient ? s.withListeners(s.http().withBodyTimeout(BODY_TIMEOUT), s.admin()) : s)
        .withBudgetBytes(BUDGET);
  }

  /** Only for bodies that never end: others may take their time on any machine. */
  private void waitForBodiesBriefly() {
    impatient = true;
    rig.restart();
  }

  private static String json(List<String> paths) {
    return paths.stream().collect(Collectors.joining("\",\"", "{\"paths\":[\"", "\"]}"));
  }

  private Rig.Answer pathsInfo(String body) {
    return rig.send(rig.app().uri(), new Rig.Call("POST", PATHS_INFO, "", body), Optional.empty());
  }

  private static byte[] head(String type, long length) {
    return ("POST "
            + PATHS_INFO
            + " HTTP/1.1\r\nHost: mirror\r\nContent-Type: "
            + type
            + "\r\nContent-Length: "
            + length
            + "\r\n\r\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  private Socket connect(String from) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(InetAddress.getByName(from), 0));
    socket.connect(new InetSocketAddress("127.0.0.1", rig.app().uri().getPort()));
    socket.setSoTimeout(20_000);
    return socket;
  }

  /** What the mirror sends until it closes the connection. */
  private static String readAll(Socket socket) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      socket.getInputStream().transferTo(all);
    } catch (SocketTimeoutException e) {
      throw new AssertionError("the connection stays open after\n" + all, e);
    } catch (SocketException e) {
      // A reset: the mirror closed while bytes were still on their way to it.
    }
    return all.toString(StandardCharsets.ISO_8859_1);
  }

  @Test
  @Tag("slow")
  void two_hundred_unfinished_bodies_take_no_more_than_the_budget_and_hurt_nobody()
      throws Exception {
    waitForBodiesBriefly();
    byte[] paths =
        IntStream.range(0, 100)
            .mapToObj(i -> "\"" + "x".repeat(1000) + i + "\"")
            .collect(Collectors.joining(",", "{\"paths\":[", ","))
            .getBytes(StandardCharsets.US_ASCII);
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        Socket socket = connect("127.0.0.3");
        open.add(socket);
        socket.getOutputStream().write(head("application/json", 2_000_000));
        socket.getOutputStream().write(paths);
      }
      await().until(() -> rig.app().budgetUsage().used() > BUDGET / 8);
      assertThat(rig.app().budgetUsage().used()).isLessThanOrEqualTo(BUDGET / 4);
      Rig.Answer other = pathsInfo(json(List.of("a.txt")));
      assertThat(other.status()).isEqualTo(200);
      assertThat(rig.get(FILE, Optional.empty()).text()).isEqualTo("a");
      List<Integer> statuses = new ArrayList<>();
      for (Socket socket : open) {
        String answer = readAll(socket);
        if (!answer.isEmpty()) {
          statuses.add(Integer.parseInt(answer.substring(9, 12)));
        }
      }
      // Those for which there was memory waited in vain for the end, the others for memory.
      assertThat(statuses).isNotEmpty().allMatch(status -> status == 408 || status == 503);
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  @Test
  @Tag("slow")
  void a_body_that_trickles_is_ended_by_the_time_limit_for_the_whole() throws Exception {
    waitForBodiesBriefly();
    try (Socket socket = connect("127.0.0.1")) {
      socket.getOutputStream().write(head("application/json", 1_000));
      Thread trickle =
          Thread.startVirtualThread(() -> {
            try {
              for (int i = 0; i < 1_000; i++) {
                socket.getOutputStream().write(' ');
                Thread.sleep(20);
              }
            } catch (IOException | InterruptedException e) {
              // The mirror closed the connection.
            }
          });
      long start = System.nanoTime();
      String answer = readAll(socket);
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      trickle.interrupt();
      assertThat(answer).startsWith("HTTP/1.1 408 ").containsIgnoringCase("connection: close");
      assertThat(took).isBetween(BODY_TIMEOUT.dividedBy(2), Duration.ofSeconds(10));
    }
  }

  @Test
  @Tag("slow")
  void a_body_that_stops_gets_the_same_answer_and_says_why() throws Exception {
    waitForBodiesBriefly();
    try (Socket socket = connect("127.0.0.1")) {
      socket.getOutputStream().write(head("application/x-www-form-urlencoded", 1_000));
      socket.getOutputStream().write("paths=a".getBytes(StandardCharsets.US_ASCII));
      assertThat(readAll(socket))
          .startsWith("HTTP/1.1 408 ")
          .contains("The body did not arrive within 1 s (server.body-timeout).");
    }
  }

  @Test
  void four_hundred_thousand_times_one_path_is_one_path() {
    String body = json(IntStream.range(0, 400_000).mapToObj(i -> "x").toList());
    Rig.Answer nothing = pathsInfo(body);
    assertThat(nothing.status()).isEqualTo(200);
    assertThat(nothing.text()).isEqualTo("[]");
    List<String> twice = List.of("b c.txt", "a.txt", "b c.txt", "a.txt", "a.txt");
    Rig.Answer answer = pathsInfo(json(twice));
    assertThat(answer.text()).isEqualTo(pathsInfo(json(List.of("b c.txt", "a.txt"))).text());
    assertThat(answer.text().indexOf("b c.txt")).isLessThan(answer.text().indexOf("a.txt"));
    assertThat(answer.text().split("\"path\"", -1)).hasSize(3);
  }

  @Test
  void ten_thousand_paths_are_the_most() {
    assertThat(pathsInfo(json(IntStream.range(0, 10_000).mapToObj(i -> "p" + i).toList())).status())
        .isEqualTo(200);
    Rig.Answer more = pathsInfo(json(IntStream.range(0, 10_001).mapToObj(i -> "p" + i).toList()));
    assertThat(more.status()).isEqualTo(413);
    assertThat(more.text()).contains("10000 paths");
    assertThat(more.header("connection")).contains("close");
  }

  @Test
  void a_body_announced_as_too_large_is_refused_before_it_is_sent() throws Exception {
    for (String type : List.of("application/json", "application/x-www-form-urlencoded")) {
      try (Socket socket = connect("127.0.0.1")) {
        socket.getOutputStream().write(head(type, 3_000_000));
        assertThat(readAll(socket))
            .startsWith("HTTP/1.1 413 ")
            .contains("2097152 bytes")
            .containsIgnoringCase("connection: close");
      }
    }
  }

  @Test
  void a_body_without_an_announced_length_ends_at_the_limit() throws Exception {
    String head =
        "POST "
            + PATHS_INFO
            + " HTTP/1.1\r\nHost: mirror\r\nContent-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n";
    String chunk = "10000\r\n" + " ".repeat(0x10000) + "\r\n";
    try (Socket socket = connect("127.0.0.1")) {
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      Thread writer =
          Thread.startVirtualThread(() -> {
            try {
              for (int i = 0; i < 33; i++) {
                socket.getOutputStream().write(chunk.getBytes(StandardCharsets.US_ASCII));
              }
            } catch (IOException e) {
              // The mirror closed the connection.
            }
          });
      assertThat(readAll(socket)).startsWith("HTTP/1.1 413 ");
      writer.join();
    }
  }

  @Test
  void a_long_text_in_a_body_is_no_path() {
    assertThat(pathsInfo(json(List.of("x".repeat(100_000)))).status()).isEqualTo(400);
    assertThat(pathsInfo("{\"x\":\"" + "x".repeat(100_000) + "\",\"paths\":[\"a.txt\"]}").text())
        .contains("a.txt");
  }

  @Test
  void a_form_means_the_same_as_json() throws Exception {
    String form = "paths=b+c.txt&paths=a%2Etxt&paths=a.txt&expand=False";
    byte[] request = head("application/x-www-form-urlencoded", form.length());
    String wire = new String(request, StandardCharsets.US_ASCII) + form;
    String closed = wire.replace("Host: mirror", "Host: mirror\r\nConnection: close");
    String answer =
        new String(rig.wire(closed.getBytes(StandardCharsets.US_ASCII)), StandardCharsets.UTF_8);
    assertThat(answer)
        .startsWith("HTTP/1.1 200 ")
        .endsWith(pathsInfo(json(List.of("b c.txt", "a.txt"))).text());
  }

  @Test
  void upstream_is_asked_for_each_path_once() {
    String body = "{\"paths\":[\"a.txt\",\"b c.txt\",\"a.txt\"],\"expand\":true}";
    Rig.Answer answer = pathsInfo(body);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).contains("lastCommit").doesNotContain("xetHash");
    assertThat(answer.text().split("\"lastCommit\"", -1)).hasSize(3);
    assertThat(rig.hub.counters().requests(Route.PATHS_INFO)).isEqualTo(1);
    // The client has the whole answer a moment before the mirror gives its memory back.
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  /** Many clients send the body in a second packet, and some answers need none of it. */
  @Test
  void a_request_is_refused_readably_although_its_body_comes_later() throws Exception {
    byte[] body = json(List.of("a.txt")).getBytes(StandardCharsets.US_ASCII);
    String post =
        "POST /api/models/acme/open/commit/main HTTP/1.1\r\nHost: mirror\r\nContent-Length: "
            + body.length
            + "\r\n\r\n";
    String get = "GET " + FILE + " HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n\r\n";
    try (Socket socket = connect("127.0.0.1")) {
      socket.getOutputStream().write(post.getBytes(StandardCharsets.US_ASCII));
      assertThat(readUntil(socket, "that command.\"}")).startsWith("HTTP/1.1 403");
      // Nothing but the end of the connection could arrive before the body is sent.
      socket.setSoTimeout(100);
      assertThatThrownBy(() -> socket.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(body);
      socket.getOutputStream().write(get.getBytes(StandardCharsets.US_ASCII));
      assertThat(readAll(socket)).contains("HTTP/1.1 200", "\r\n\r\na");
    }
  }

  /** What arrives up to this text. */
  private static String readUntil(Socket socket, String end) throws IOException {
    StringBuilder all = new StringBuilder();
    while (all.indexOf(end) < 0) {
      int one = socket.getInputStream().read();
      assertThat(one).as("a byte after\n%s", all).isNotNegative();
      all.append((char) one);
    }
    return all.toString();
  }

  @Test
  void a_refused_upload_ends_with_the_refusal_and_not_with_a_reset() throws Exception {
    byte[] part = new byte[1024 * 1024];
    int parts = 8;
    String post =
        "POST /api/models/acme/open/commit/main HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n"
            + "Content-Length: "
            + parts * part.length
            + "\r\n\r\n";
    try (Socket socket = connect("127.0.0.1")) {
      socket.getOutputStream().write(post.getBytes(StandardCharsets.US_ASCII));
      for (int i = 0; i < parts; i++) {
        socket.getOutputStream().write(part);
      }
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      assertThat(answer).startsWith("HTTP/1.1 403").contains("read-only");
    }
  }
}
