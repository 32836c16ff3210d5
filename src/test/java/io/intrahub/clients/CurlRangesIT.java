package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Parts of files over the wire, cold and warm. */
class CurlRangesIT extends AgainstDemo {
  @ParameterizedTest
  @CsvSource({
    "0-0, 0, 0",
    "0-100000, 0, 14503",
    "5000-, 5000, 14503",
    "-100, 14404, 14503",
    "-262144, 0, 14503",
    "14503-14503, 14503, 14503",
    "14000-2000000, 14000, 14503",
    "100-199, 100, 199",
  })
  void a_range_gives_its_bytes_cold_and_warm(String range, int first, int last) {
    DevRepo repo = fresh();
    DevFile file = repo.file("main", LARGE).orElseThrow();
    String url = at(repo.id() + "/resolve/main/" + LARGE);

    for (int i = 0; i < 2; i++) {
      CurlClient.Answer answer = curl.get(url, "-H", "Range: bytes=" + range);
      assertThat(answer.process().exitCode()).isZero();
      assertThat(answer.status()).isEqualTo(206);
      assertThat(answer.header("Content-Range"))
          .isEqualTo("bytes " + first + "-" + last + "/14504");
      assertThat(answer.header("Content-Length")).isEqualTo(String.valueOf(last - first + 1));
      assertThat(answer.header("ETag")).isEqualTo("\"" + file.etag() + "\"");
      assertThat(answer.header("X-Repo-Commit")).isEqualTo(repo.commitOf("main").orElseThrow());
      assertThat(answer.header("Accept-Ranges")).isEqualTo("bytes");
      assertThat(answer.bytes()).isEqualTo(Arrays.copyOfRange(file.allBytes(), first, last + 1));
      CurlClient.Answer head = curl.head(url, "-H", "Range: bytes=" + range);
      assertThat(head.status()).isEqualTo(206);
      assertThat(described(head)).isEqualTo(described(answer));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"14504-", "14504-20000", "999999-"})
  void a_range_behind_the_end_is_refused_with_the_size(String range) {
    DevRepo repo = fresh();

    for (int i = 0; i < 2; i++) {
      CurlClient.Answer answer =
          curl.get(at(repo.id() + "/resolve/main/" + LARGE), "-H", "Range: bytes=" + range);
      assertThat(answer.status()).isEqualTo(416);
      assertThat(answer.header("Content-Range")).isEqualTo("bytes */14504");
      assertThat(answer.header("X-Error-Message")).contains("14504");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=0-1,4-5", "bytes=0-0,-1", "bytes=5-2", "bytes=a-b", "lines=1-2"})
  void several_or_broken_ranges_never_give_multipart(String range) {
    DevRepo repo = fresh();
    DevFile file = repo.file("main", LARGE).orElseThrow();

    CurlClient.Answer answer =
        curl.get(at(repo.id() + "/resolve/main/" + LARGE), "-H", "Range: " + range);

    assertThat(answer.header("Content-Type")).doesNotContain("multipart");
    if (answer.status() == 400) {
      assertThat(answer.header("X-Error-Message")).contains("Range");
    } else {
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.bytes()).isEqualTo(file.allBytes());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0-0", "0-"})
  void an_empty_file_with_a_range_is_200_and_says_that_it_is_empty(String range) {
    DevRepo repo = fresh();

    CurlClient.Answer answer =
        curl.get(at(repo.id() + "/resolve/main/" + EMPTY), "-H", "Range: bytes=" + range);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Length")).isEqualTo("0");
    assertThat(answer.header("Content-Range")).isEqualTo("bytes */0");
  }

  @Test
  void if_range_compares_strongly() {
    DevRepo repo = fresh();
    String url = at(repo.id() + "/resolve/main/" + LARGE);
    String etag = "\"" + repo.file("main", LARGE).orElseThrow().etag() + "\"";

    assertThat(curl.get(url, "-r", "0-9", "-H", "If-Range: " + etag).status()).isEqualTo(206);
    for (String other : List.of("W/" + etag, "\"other\"", "Tue, 02 Jan 2035 03:04:05 GMT")) {
      CurlClient.Answer answer = curl.get(url, "-r", "0-9", "-H", "If-Range: " + other);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.bytes()).hasSize(LARGE_SIZE);
    }
  }
}
