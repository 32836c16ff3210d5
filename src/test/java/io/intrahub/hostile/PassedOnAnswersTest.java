package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Answers that pass through the mirror: they are streamed, and never look whole when they are not.
 */
class PassedOnAnswersTest {
  private static final String RAW = "/acme/open/raw/main/big.txt";
  private static final String JSON = "/api/models/acme/open/never-heard-of";

  /** What one streamed answer may hold of the budget. */
  private static final long PER_ANSWER = 256 * 1024;

  private static final byte[] BIG = bytes(6_000_000);

  @TempDir Path data;
  private Rig rig;
  private boolean impatient;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data, s -> impatient ? withTwoSeconds(s) : s);
    rig.hub.expectUnknownRoutes();
    rig.hub
        .repo("model", "acme/open")
        .commit("Add it", Map.of("big.txt", DevFile.bytes(BIG), "a.txt", DevFile.text("a")));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  /** Only for what never arrives whole: what does may take its time on any machine. */
  private void waitForTwoSeconds() {
    impatient = true;
    rig.restart();
  }

  private static AppSettings withTwoSeconds(AppSettings s) {
    return s.withUpstream(s.upstream().withAnswerTimeout(Duration.ofSeconds(2)));
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(7).nextBytes(bytes);
    return bytes;
  }

  /** An array of so many objects, each with a link of the Hub and a Xet field. */
  private String list(int objects) {
    return list(objects, rig.hub.uri() + "/x", ",\"xetHash\":\"ff\"");
  }

  private static String list(int objects, String link, String extra) {
    StringBuilder json = new StringBuilder("[");
    for (int i = 0; i < objects; i++) {
      json.append(i == 0 ? "" : ",");
      json.append("{\"n\":").append(i).append(".0,\"url\":\"").append(link).append('"');
      json.append(extra).append('}');
    }
    return json.append(']').toString();
  }

  private void answer(String json) {
    rig.hub
        .faults()
        .everywhere()
        .path("/never-heard-of")
        .status(200, Map.of("Content-Type", "application/json; charset=utf-8"), json);
  }

  private HttpURLConnection open(String target) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) rig.app().uri().resolve(target).toURL().openConnection();
    connection.setReadTimeout(20_000);
    return connection;
  }

  @Test
  void the_first_bytes_of_a_file_come_before_upstream_has_sent_the_last() throws Exception {
    Stall stall = rig.hub.faults().on(Route.RAW).stallAfter(3_000_000);
    try (InputStream in = open(RAW).getInputStream()) {
      assertThat(in.readNBytes(2_900_000)).isEqualTo(Arrays.copyOf(BIG, 2_900_000));
      assertThat(rig.app().budgetUsage().used()).isBetween(1L, PER_ANSWER);
      stall.release();
      assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(BIG, 2_900_000, BIG.length));
    }
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  @Test
  void large_json_is_changed_while_it_passes() throws Exception {
    String sent = list(20_000);
    answer(sent);
    Stall stall = rig.hub.faults().everywhere().path("/never-heard-of").stallAfter(800_000);
    String right = list(20_000, rig.app().uri() + "/x", "");
    try (InputStream in = open(JSON).getInputStream()) {
      String first = new String(in.readNBytes(300_000), StandardCharsets.US_ASCII);
      assertThat(right).startsWith(first);
      assertThat(rig.app().budgetUsage().used()).isBetween(1L, PER_ANSWER);
      stall.release();
      assertThat(first + new String(in.readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo(right);
    }
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  @Test
  void a_long_text_in_json_is_paid_for_before_it_is_read() throws Exception {
    String text = "y".repeat(1_000_000);
    answer("{\"diff\":\"" + text + "\",\"n\":1}");
    assertThat(rig.get(JSON, Optional.empty()).text())
        .isEqualTo("{\"diff\":\"" + text + "\",\"n\":1}");
    rig.close();
    rig = new Rig(data, s -> s.withBudgetBytes(4 << 20));
    rig.hub.expectUnknownRoutes();
    answer("{\"diff\":\"" + text + "\",\"n\":1}");
    Rig.Answer refused = rig.get(JSON, Optional.empty());
    assertThat(refused.status()).isEqualTo(503);
    assertThat(refused.header("retry-after")).isPresent();
    assertThat(refused.text()).contains("intrahub is busy");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10, 300})
  void json_that_is_wrong_early_is_a_clean_refusal(int objects) {
    String good = list(objects);
    answer(good.substring(0, good.length() - 1) + " nonsense " + list(20_000));
    Rig.Answer answer = rig.get(JSON, Optional.empty());
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("content-type"))
        .hasValueSatisfying(t -> t.startsWith("application/json"));
    assertThat(answer.text()).startsWith("{\"error\":\"").doesNotContain("xetHash", "nonsense");
  }

  @Test
  void json_that_is_wrong_late_is_broken_off_and_never_ended() throws Exception {
    String good = list(20_000);
    answer(good.substring(0, good.length() - 1) + " nonsense]");
    HttpURLConnection connection = open(JSON);
    assertThat(connection.getResponseCode()).isEqualTo(200);
    try (InputStream in = connection.getInputStream()) {
      assertThatThrownBy(in::readAllBytes).isInstanceOf(IOException.class);
    }
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  @Test
  void a_file_that_breaks_late_is_broken_off() throws Exception {
    rig.hub.faults().on(Route.RAW).resetAfter(3_000_000);
    try (InputStream in = open(RAW).getInputStream()) {
      assertThatThrownBy(in::readAllBytes).isInstanceOf(IOException.class);
    }
  }

  /** Such a body ends with the connection. */
  @Test
  void a_file_that_breaks_late_is_broken_off_for_a_client_of_http_1_0_too() throws Exception {
    rig.hub.faults().on(Route.RAW).resetAfter(3_000_000);
    try (RawClient client = new RawClient(rig, "127.0.0.1")) {
      client.send("GET " + RAW + " HTTP/1.0\r\nHost: mirror\r\n\r\n");
      assertThat(client.head()).contains(" 200 ");
      assertThatThrownBy(client::rest).isInstanceOf(IOException.class);
    }
  }

  @Test
  void a_head_of_a_file_says_how_long_it_is() throws Exception {
    HttpURLConnection connection = open(RAW);
    connection.setRequestMethod("HEAD");
    assertThat(connection.getHeaderFieldLong("Content-Length", -1)).isEqualTo(BIG.length);
  }

  @Test
  void a_client_that_leaves_lets_go_of_upstream() throws Exception {
    Stall stall = rig.hub.faults().on(Route.RAW).stallAfter(3_000_000);
    try (Socket socket = new Socket("127.0.0.1", rig.app().uri().getPort())) {
      socket.setReceiveBufferSize(16 * 1024);
      String request = "GET " + RAW + " HTTP/1.1\r\nHost: mirror\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      assertThat(socket.getInputStream().read()).isEqualTo('H');
      assertThat(rig.app().budgetUsage().used()).isPositive();
      socket.setSoLinger(true, 0);
    }
    stall.release();
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  @Tag("slow")
  @Test
  void a_small_answer_that_trickles_is_ended() {
    waitForTwoSeconds();
    answer(list(30));
    rig.hub.faults().everywhere().path("/never-heard-of").throttle(20);
    long start = System.nanoTime();
    Rig.Answer answer = rig.get(JSON, Optional.empty());
    assertThat(answer.status()).isEqualTo(504);
    assertThat(answer.text()).contains("no complete answer within 2 s");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  @Tag("slow")
  @Test
  void a_large_answer_whose_end_trickles_is_broken_off() throws Exception {
    waitForTwoSeconds();
    answer(list(20_000));
    Stall stall = rig.hub.faults().everywhere().path("/never-heard-of").stallAfter(100_000);
    try (InputStream in = open(JSON).getInputStream()) {
      assertThatThrownBy(in::readAllBytes).isInstanceOf(IOException.class);
    } finally {
      stall.release();
    }
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  @Tag("slow")
  @Test
  void repo_info_that_trickles_does_not_hold_the_repo() {
    waitForTwoSeconds();
    rig.hub.faults().on(Route.REPO_INFO).throttle(20);
    Rig.Answer slow = rig.get("/api/models/acme/open", Optional.empty());
    assertThat(slow.status()).isEqualTo(504);
    await().until(() -> rig.app().runningTasks() == 0);
    rig.hub.faults().clear();
    assertThat(rig.get("/api/models/acme/open", Optional.empty()).status()).isEqualTo(200);
  }

  @Test
  void a_refusal_with_a_long_text_is_not_read_whole() {
    rig.hub
        .faults()
        .everywhere()
        .path("/never-heard-of")
        .status(
            401,
            Map.of("Content-Type", "application/json"),
            "{\"error\":\"" + "x".repeat(40_000) + "\"}");
    Rig.Answer answer = rig.get(JSON, Optional.empty());
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.body().length).isLessThan(1_000);
  }
}
