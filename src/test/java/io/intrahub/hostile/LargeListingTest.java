package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.hub.LinkHeader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Listings that are far larger than what one answer may hold in memory. */
class LargeListingTest {
  private static final String TREE = "/api/models/acme/open/tree/main?recursive=true";
  private static final long BUDGET = 8L * 1024 * 1024;

  /** What a large answer holds of it. */
  private static final long PER_ANSWER = 3 * 64 * 1024;

  @TempDir Path data;
  private Rig rig;
  private final List<String> paths = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data, s -> s.withBudgetBytes(BUDGET));
  }

  private void fill(int count, String folder) {
    Map<String, DevFile> files = new LinkedHashMap<>();
    DevFile one = DevFile.text("a");
    for (int i = 0; i < count; i++) {
      String path = folder + "a-file-with-quite-a-long-name-%05d.txt".formatted(i);
      paths.add(path);
      files.put(path, one);
    }
    rig.hub.repo("model", "acme/open").commit("Add them", files);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private Rig.Answer get(String target) {
    return rig.get(target, Optional.empty());
  }

  private void atRest() {
    await().until(() -> rig.app().runningTasks() == 0);
    // A client has the last byte before the mirror gives back the memory it came through.
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  @Test
  void the_whole_the_pages_and_the_described_paths_say_the_same() {
    fill(3_000, "");
    Rig.Answer whole = get(TREE);
    assertThat(whole.status()).isEqualTo(200);
    assertThat(whole.body().length).isGreaterThan(300_000);
    assertThat(whole.header("link")).isEmpty();
    StringBuilder pages = new StringBuilder();
    String target = TREE + "&limit=700";
    while (!target.isEmpty()) {
      Rig.Answer page = get(target);
      String entries = page.text();
      pages.append(pages.isEmpty() ? "" : ",").append(entries, 1, entries.length() - 1);
      Optional<String> next = page.header("link").flatMap(LinkHeader::next);
      target =
          next.map(n -> URI.create(n).getRawPath() + "?" + URI.create(n).getRawQuery()).orElse("");
    }
    assertThat(whole.text().equals("[" + pages + "]")).as("pages make the whole").isTrue();
    String body = paths.stream().collect(Collectors.joining("\",\"", "{\"paths\":[\"", "\"]}"));
    Rig.Answer described =
        rig.send(
            rig.app().uri(),
            new Rig.Call("POST", "/api/models/acme/open/paths-info/main", "", body),
            Optional.empty());
    assertThat(described.text().equals(whole.text())).as("described as listed").isTrue();
    assertThat(rig.hub.counters().requests(Route.PATHS_INFO)).isZero();
    atRest();
  }

  @Tag("slow")
  @Test
  void clients_that_take_nothing_of_it_use_up_their_share_and_no_more() throws Exception {
    // More than the system takes of a response for a client that does not read.
    fill(5_500, ("x".repeat(200) + "/").repeat(6));
    assertThat(get(TREE).status()).isEqualTo(200);
    atRest();
    List<Socket> stalled = new ArrayList<>();
    try {
      while (rig.app().budgetUsage().used() < BUDGET / 4 - PER_ANSWER) {
        stalled.add(ask("127.0.0.1"));
        assertThat(stalled.getLast().getInputStream().read()).isEqualTo('H');
        assertThat(stalled).hasSizeLessThan(100);
      }
      Rig.Answer refused = get(TREE);
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.header("retry-after")).isPresent();
      assertThat(refused.text()).contains("intrahub is busy");
      assertThat(rig.app().budgetUsage().used()).isLessThanOrEqualTo(BUDGET / 4);
      try (Socket other = ask("127.0.0.4")) {
        assertThat(new String(other.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
            .isEqualTo("HTTP/1.1 200");
      }
    } finally {
      for (Socket socket : stalled) {
        socket.close();
      }
    }
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  private Socket ask(String from) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(InetAddress.getByName(from), 0));
    socket.setReceiveBufferSize(16 * 1024);
    socket.setSoTimeout(20_000);
    socket.connect(new InetSocketAddress("127.0.0.1", rig.app().uri().getPort()));
    String request = "GET " + TREE + " HTTP/1.1\r\nHost: mirror\r\n\r\n";
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    return socket;
  }
}
