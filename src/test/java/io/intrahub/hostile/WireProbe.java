package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Sends a row of the corpus and then an ordinary request on the same connection, and looks at both
 * what comes back there and what another client gets afterwards.
 */
final class WireProbe {
  private static final String MARKER = "the answer to the marker\n";
  private static final String SECRET = "the answer to what was smuggled\n";
  private static final Map<String, String> FILES =
      Map.of("a.txt", "content of a\n", "b.txt", "other content, of b\n");

  private final int port;

  /**
   * @param port of the mirror, or of a proxy in front of it
   */
  WireProbe(int port) {
    this.port = port;
  }

  /** Gives the Hub what the corpus is about, and has the mirror load it. */
  static void prepare(Rig rig) {
    Map<String, DevFile> files = new LinkedHashMap<>();
    FILES.forEach((name, text) -> files.put(name, DevFile.text(text)));
    files.put("marker.txt", DevFile.text(MARKER));
    files.put("smuggled.txt", DevFile.text(SECRET));
    rig.hub.expectUnknownRoutes();
    rig.hub.repo("model", "acme/open").commit("Add them", files);
    for (String name : files.keySet()) {
      assertThat(rig.get(WireCorpus.FOLDER + name, Optional.empty()).status()).isEqualTo(200);
    }
    // With the list of files, a name that is none costs no call.
    Awaitility.await()
        .untilAsserted(() ->
            assertThat(rig.get(WireCorpus.FOLDER + "none.txt", Optional.empty()).status())
                .isEqualTo(404));
  }

  private static String marker() {
    return "GET "
        + WireCorpus.FOLDER
        + "marker.txt HTTP/1.1\r\nHost: mirror\r\n"
        + "Connection: close\r\n\r\n";
  }

  /**
   * @throws AssertionError if a promise is broken
   */
  void check(WireRow row) throws IOException {
    String came = exchange(row);
    assertThat(came).doesNotContain(SECRET.strip());
    if (row.end() == WireRow.End.NO_VERSION && !came.startsWith("HTTP/1.")) {
      assertThat(came.startsWith("{\"error\":\"") ? "" : came).isIn("", FILES.get("a.txt"));
      assertThat(came).doesNotContain(MARKER.strip());
      honest();
      return;
    }
    List<WireAnswer> answers =
        WireAnswer.parse(came, Stream.concat(row.methods().stream(), Stream.of("GET")).toList());
    boolean all = answers.size() > row.methods().size();
    for (WireAnswer answer : answers) {
      assertThat(answer.status()).isNotEqualTo(500);
      assertThat(answer.head())
          .doesNotContainIgnoringCase("\nInjected:")
          .doesNotContainIgnoringCase("\nSet-Cookie:");
      assertThat(answer.header("Location")).doesNotStartWith("//").doesNotContain("\\");
      assertThat(answer.header("Link")).matches("|<http://[^<>,;\"]*>; rel=\"next\"");
      assertThat(answer.whole()).isTrue();
    }
    for (WireAnswer answer : all ? answers.subList(0, row.methods().size()) : answers) {
      assertThat(answer.body()).doesNotContain(MARKER.strip());
    }
    if (all) {
      assertThat(answers.getLast().status()).isEqualTo(200);
      assertThat(answers.getLast().body()).isEqualTo(MARKER);
    }
    if (row.end() == WireRow.End.ALL_ANSWERED) {
      assertThat(all).as("every request is answered").isTrue();
    }
    honest();
  }

  private String exchange(WireRow row) throws IOException {
    try (RawClient client = new RawClient(port, "127.0.0.1")) {
      try {
        client.send(row.bytes() + marker());
        if (row.end() == WireRow.End.UNFINISHED) {
          client.shutdownOutput();
        }
      } catch (IOException e) {
        // It was refused before all of it was sent: what came counts.
        return client.untilClosed();
      }
      return client.untilClosed();
    }
  }

  /** Another client, over what connections there are behind a proxy. */
  private void honest() throws IOException {
    for (Map.Entry<String, String> file : FILES.entrySet()) {
      try (RawClient client = new RawClient(port, "127.0.0.1")) {
        client.send(
            "GET "
                + WireCorpus.FOLDER
                + file.getKey()
                + " HTTP/1.1\r\nHost: mirror\r\n"
                + "Connection: close\r\n\r\n");
        List<WireAnswer> answers = WireAnswer.parse(client.untilClosed(), List.of("GET"));
        assertThat(answers).as("an honest client is answered").hasSize(1);
        assertThat(answers.getFirst().status()).isEqualTo(200);
        assertThat(answers.getFirst().body()).isEqualTo(file.getValue());
      }
    }
  }
}
