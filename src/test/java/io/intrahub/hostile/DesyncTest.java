package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The corpus of {@link WireCorpus}, sent to the mirror itself. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class DesyncTest {
  @TempDir static Path data;
  private Rig rig;

  @BeforeAll
  void start() throws Exception {
    rig = new Rig(data);
    WireProbe.prepare(rig);
  }

  @AfterAll
  void stop() {
    rig.close();
  }

  static Stream<WireRow> rows() {
    return WireCorpus.rows().stream();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void no_request_changes_where_the_next_one_begins(WireRow row) throws Exception {
    new WireProbe(rig.app().uri().getPort()).check(row);
  }

  @Test
  void each_row_of_the_corpus_is_there_once() {
    List<String> names = rows().map(WireRow::name).toList();
    assertThat(names).doesNotHaveDuplicates().hasSizeGreaterThan(400);
    assertThat(rows().map(WireRow::bytes).toList()).doesNotHaveDuplicates();
  }
}
