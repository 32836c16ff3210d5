package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * Real readers of Parquet read one narrow column of a file of about 45 MB that the mirror does not
 * have: the mirror fetches a part of the file for it.
 */
class ParquetColumnsIT {
  private static final String ROWS = "420000";

  /** Two columns in three row groups: numbers of 8 bytes, and 100 bytes that no codec shortens. */
  private static final String WRITE =
      """
      import random, sys
      import pyarrow as pa
      import pyarrow.parquet as parquet
      rows, path = int(sys.argv[1]), sys.argv[2]
      noise = pa.py_buffer(random.Random(1).randbytes(rows * 100))
      table = pa.table({
          "id": pa.array(range(rows)),
          "noise": pa.FixedSizeBinaryArray.from_buffers(pa.binary(100), rows, [None, noise]),
      })
      parquet.write_table(table, path, row_group_size=rows // 3, compression="none",
                          use_dictionary=False)
      """;

  private static final String BY_PYARROW =
      """
      import report
      from huggingface_hub import HfFileSystem
      from pyarrow import compute, parquet
      def read():
          file = HfFileSystem().open("datasets/acme/rows/train.parquet")
          # Its threads may still hold a file of Python when the process ends: apache/arrow#34314.
          ids = parquet.ParquetFile(file).read(["id"], use_threads=False)["id"]
          return {"rows": len(ids), "sum": compute.sum(ids).as_py()}
      report.of(read)
      """;

  private static final String BY_DUCKDB =
      """
      import duckdb_http, os, report
      address = os.environ["HF_ENDPOINT"] + "/datasets/acme/rows/resolve/main/train.parquet"
      def read():
          ids = duckdb_http.connect().execute(f"SELECT count(id), sum(id) FROM '{address}'")
          return dict(zip(("rows", "sum"), map(int, ids.fetchone())))
      report.of(read)
      """;

  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevFile table;

  @BeforeEach
  void start() throws Exception {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    Path file = tmp.resolve("train.parquet");
    client().code(WRITE, ROWS, file.toString()).expectSuccess();
    table = DevFile.lfs(Files.readAllBytes(file));
    mirror.hub().repo("dataset", "acme/rows").commit("Add rows", "train.parquet", table);
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private PythonClient.Call client() throws Exception {
    PythonClient client =
        new PythonClient("datasets-5", Files.createDirectories(tmp.resolve("homes")));
    client.assumeAvailable();
    return client.call().endpoint(mirror.uri());
  }

  @Test
  void pyarrow_reads_a_column_for_less_than_half_of_the_file() throws Exception {
    assertThat(fetchedFor(BY_PYARROW)).isLessThan(table.size() / 2);
  }

  @Test
  void duckdb_reads_a_column_for_less_than_a_fifth_of_the_file() throws Exception {
    assertThat(fetchedFor(BY_DUCKDB)).isLessThan(table.size() / 5);
  }

  /** Returns how many bytes of the file the mirror fetched for a read. */
  private long fetchedFor(String code) throws Exception {
    JsonNode read = client().code(code).expectSuccess().json();
    mirror.awaitIdle();
    assertThat(read.get("rows").asLong()).isEqualTo(420_000);
    assertThat(read.get("sum").asLong()).isEqualTo(420_000L * 419_999 / 2);
    assertThat(table.size()).isGreaterThan(45_000_000);
    return mirror.hub().counters().bytesFor(Route.CDN, table.sha256());
  }
}
