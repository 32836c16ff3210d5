package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.audit.AuditSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Visibility;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the audit log of a whole mirror says. */
class AuditedRequestsTest {
  private static final String TOKEN = "hf_alice";

  @TempDir Path tmp;

  @Test
  void a_miss_a_hit_a_grant_and_a_refusal_are_told_apart_and_no_token_is_written()
      throws Exception {
    Path file = tmp.resolve("audit.log");
    String text;
    try (Rig rig =
        new Rig(tmp.resolve("data"), s -> s.withAudit(new AuditSettings(file, 1 << 20, 1)))) {
      rig.hub.token(TOKEN, "alice");
      rig.hub.repo("model", "acme/open").commit("Add it", "a.txt", DevFile.text("abc"));
      rig.hub
          .repo("model", "acme/closed")
          .visibility(Visibility.PRIVATE)
          .allow(TOKEN)
          .commit("Add it", "a.txt", DevFile.text("secret"));
      for (int i = 0; i < 2; i++) {
        assertThat(rig.get("/acme/open/resolve/main/a.txt", Optional.empty()).status())
            .isEqualTo(200);
        awaitEntries(file, i + 1);
      }
      for (int i = 0; i < 2; i++) {
        assertThat(rig.get("/acme/closed/resolve/main/a.txt", Optional.of(TOKEN)).status())
            .isEqualTo(200);
        awaitEntries(file, i + 3);
      }
      rig.get("/acme/closed/resolve/main/a.txt", Optional.empty());
      awaitEntries(file, 5);
    }
    text = Files.readString(file);
    List<JsonNode> entries = entries(file);

    assertThat(entries)
        .extracting(e -> e.path("repo").asString() + " " + e.path("cache").asString(""))
        .containsExactly(
            "acme/open miss",
            "acme/open hit",
            "acme/closed miss",
            "acme/closed hit",
            "acme/closed ");
    assertThat(entries)
        .extracting(e -> e.path("rule").asString())
        .containsExactly("public", "public", "grant", "grant", "hub");
    assertThat(entries).extracting(e -> e.path("bytes").asLong()).startsWith(3L, 3L, 6L, 6L);
    assertThat(entries.get(1).path("commit").asString()).matches("[0-9a-f]{40}");
    assertThat(entries.get(2).path("authority").asString()).matches("token:[0-9a-f]{16}");
    assertThat(entries.get(4).path("authority").asString()).isEqualTo("anonymous");
    assertThat(entries.get(4).path("status").asInt()).isEqualTo(401);
    assertThat(entries.get(4).path("code").asString()).isEqualTo("RepoNotFound");
    assertThat(text).doesNotContain(TOKEN);
  }

  /** A client has its answer before the entry of its request is written, and that in pieces. */
  private static void awaitEntries(Path file, int n) {
    await()
        .until(() ->
            Files.exists(file)
                && Files.readString(file).chars().filter(c -> c == '\n').count() == n);
  }

  private static List<JsonNode> entries(Path file) throws IOException {
    return Files.readAllLines(file).stream().map(JsonMapper.shared()::readTree).toList();
  }

  @Test
  void without_the_option_no_file_is_written() throws Exception {
    try (Rig rig = new Rig(tmp.resolve("data"))) {
      rig.get("/acme/open/resolve/main/a.txt", Optional.empty());
    }
    try (Stream<Path> files = Files.walk(tmp)) {
      assertThat(files.map(f -> f.getFileName().toString())).noneMatch(n -> n.contains("audit"));
    }
  }
}
