package io.intrahub.store.fs.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
