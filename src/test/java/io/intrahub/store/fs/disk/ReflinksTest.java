package io.intrahub.store.fs.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** File systems that have reflinks are in {@code ReflinkIT}, which makes some. */
class ReflinksTest {
  @TempDir Path tmp;

  @Test
  void nothing_is_left_in_the_folder() {
    var _ = Reflinks.arePossible(tmp);

    assertThat(tmp).isEmptyDirectory();
  }

  /** Whoever else writes to the folder puts a link where a file of the trial is to be. */
  @Test
  void what_a_link_leads_to_is_not_overwritten() throws IOException {
    Path other = Files.writeString(tmp.resolve("other"), "of somebody else");
    Path missing = tmp.resolve("missing");
    Path toOther = Files.createSymbolicLink(tmp.resolve("one"), other);
    Path toMissing = Files.createSymbolicLink(tmp.resolve("two"), missing);
    for (List<String> names : List.of(List.of("one", "free"), List.of("free", "two"))) {
      Iterator<String> next = names.iterator();
      assertThat(Reflinks.arePossible(tmp, next::next)).isFalse();
    }

    assertThat(other).hasContent("of somebody else");
    assertThat(missing).doesNotExist();
    assertThat(tmp).isDirectoryContaining(toOther::equals);
    assertThat(tmp).isDirectoryContaining(toMissing::equals);
    assertThat(tmp.resolve("free")).doesNotExist();
  }

  @Test
  void a_folder_that_can_not_be_written_has_none() {
    assertThat(Reflinks.arePossible(tmp.resolve("missing"))).isFalse();
  }

  @Test
  void a_file_system_in_memory_has_none() throws IOException {
    Path memory = Path.of("/dev/shm");
    assumeThat(memory).as("Linux has one there").isDirectory().isWritable();
    Path folder = Files.createTempDirectory(memory, "reflinks-");
    try {
      assertThat(Reflinks.arePossible(folder)).isFalse();
      assertThat(folder).isEmptyDirectory();
    } finally {
      Files.delete(folder);
    }
  }
}
