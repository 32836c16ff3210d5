package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.testing.MirrorUnderTest;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Readers of Parquet first read the end of the file, which says where the columns are: of a file of
 * 10 GB that the mirror does not have, this must not cost the file.
 */
class ParquetFooterTest {
  private static final long SIZE = 10_000_000_000L;

  /** A digest that is not that of the bytes: nobody reads so much that it could be compared. */
  private static final DevFile TABLE = DevFile.lfsGenerated(10, SIZE, "f".repeat(64));

  private static final String TARGET = "/datasets/acme/rows/resolve/main/data/train.parquet";

  /** The largest part of a file that a read may bring besides what the client asked for. */
  private static final long RUN = 16L << 20;

  @TempDir Path tmp;
  private MirrorUnderTest mirror;

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror.hub().repo("dataset", "acme/rows").commit("Add rows", "data/train.parquet", TABLE);
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  @Test
  void the_footer_of_a_cold_file_of_10_GB_costs_less_than_a_hundredth_of_it() throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      // The length and the magic number, the footer, and one more column chunk near it.
      read(http, SIZE - 8, SIZE - 1);
      read(http, SIZE - 65_536, SIZE - 1);
      read(http, SIZE - 3_000_000, SIZE - 2_900_001);
    }
    mirror.awaitIdle();

    List<String> ranges = mirror.hub().counters().ranges(Route.CDN, TABLE.sha256());
    assertThat(MirrorUnderTest.bytes(mirror.contentReads()))
        .as("bytes for the ranges %s", ranges)
        .isPositive()
        .isLessThanOrEqualTo(RUN)
        .isLessThan(SIZE / 100);
  }

  @Test
  void a_column_in_the_middle_costs_its_own_part_of_the_file() throws Exception {
    long middle = SIZE / 2 + 12_345;
    try (HttpClient http = HttpClient.newHttpClient()) {
      read(http, SIZE - 65_536, SIZE - 1);
      read(http, middle, middle + 999_999);
    }
    mirror.awaitIdle();

    assertThat(MirrorUnderTest.bytes(mirror.contentReads()))
        .as("bytes for the ranges %s", mirror.hub().counters().ranges(Route.CDN, TABLE.sha256()))
        .isLessThan(SIZE / 100);
  }

  private void read(HttpClient http, long from, long last) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(mirror.uri().resolve(TARGET))
            .header("Range", "bytes=" + from + "-" + last)
            .build();
    HttpResponse<byte[]> answer = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
    assertThat(answer.statusCode()).isEqualTo(206);
    byte[] want = new byte[Math.toIntExact(last - from + 1)];
    TABLE.read(from, want, 0, want.length);
    assertThat(answer.body()).isEqualTo(want);
  }
}
