package io.intrahub.store.fs;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.store.PartialBlobContract;
import io.intrahub.store.Store;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

public final class FsStoreTest extends PartialBlobContract {
  @TempDir Path folder;

  @Override
  protected Store open(Clock clock) throws Exception {
    Path data = folder.resolve("data");
    FsStore opened =
        FsStore.open(
            data, clock, DiskBudgetSettings.DEFAULT, new TestDisk(data), new SecureRandom());
    opened.scan();
    return opened;
  }

  @Override
  protected void assertNoLeftovers() throws IOException {
    assertThat(leftovers(folder.resolve("data"))).isEmpty();
  }

  /** Files that only a writer needs. */
  public static List<Path> leftovers(Path data) throws IOException {
    try (Stream<Path> all = Files.walk(data)) {
      return all.filter(path ->
              path.getParent().endsWith("partial")
                  || path.getFileName().toString().endsWith(".new")
                  || path.getFileName().toString().startsWith("meta-"))
          .toList();
    }
  }
}
