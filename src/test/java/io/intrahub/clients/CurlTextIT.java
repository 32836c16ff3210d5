package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients read as text: DuckDB and shell scripts look for words, and parse no JSON. */
class CurlTextIT extends AgainstDemo {
  /** The form that the Hub's entries have, to the letter and in this order. */
  private static final Pattern ENTRY =
      Pattern.compile(
          "\\{\"type\":\"(?:file|directory)\",\"oid\":\"([0-9a-f]{40})\",\"size\":(\\d+)"
              + "(?:,\"lfs\":\\{\"oid\":\"([0-9a-f]{64})\",\"size\":\\d+,\"pointerSize\":\\d+})?"
              + ",\"path\":\"([^\"]+)\"");

  @ParameterizedTest
  @ValueSource(strings = {"", "?recursive=true", "?recursive=true&expand=true", "?limit=2"})
  void each_entry_has_its_fields_in_the_order_that_simple_parsers_read(String query) {
    DevRepo repo = fresh();
    String url = at("api/models/" + repo.id() + "/tree/main" + query);
    for (int i = 0; i < 2; i++) {
      // The second one comes from the mirror's own listing, but for the expanded one.
      String text = curl.get(url).text();
      List<MatchResult> entries = ENTRY.matcher(text).results().toList();
      assertThat(entries).as(text).hasSize(text.split("\"type\":", -1).length - 1).isNotEmpty();
      for (MatchResult entry : entries) {
        DevFile file = repo.files("main").get(entry.group(4));
        if (file != null) {
          assertThat(entry.group(1)).isEqualTo(file.gitOid());
          assertThat(entry.group(2)).isEqualTo(String.valueOf(file.size()));
          assertThat(entry.group(3)).isEqualTo(file.isLfs() ? file.sha256() : null);
        }
      }
      mirror.awaitIdle();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {SMALL, LARGE})
  void raw_gives_the_text_and_for_large_files_the_pointer(String path) {
    DevRepo repo = fresh();
    DevFile file = repo.file("main", path).orElseThrow();
    String expected =
        file.isLfs()
            ? "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
                .formatted(file.sha256(), file.size())
            : new String(file.allBytes(), StandardCharsets.UTF_8);
    String url = at(repo.id() + "/raw/main/" + path);

    CurlClient.Answer get = curl.get(url);
    assertThat(get.status()).isEqualTo(200);
    assertThat(get.text()).isEqualTo(expected);
    CurlClient.Answer head = curl.head(url);
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("Content-Length")).isEqualTo(String.valueOf(expected.length()));
    assertThat(curl.head(at(repo.id() + "/raw/main/none.txt")).status()).isEqualTo(404);
  }
}
