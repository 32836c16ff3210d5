package io.intrahub.store.fs;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Grants that can't count any more leave the disk, and nothing that goes wrong stops a start. */
class FsGrantCleanupTest {
  private static final Duration LIFE = Duration.ofDays(30);

  @TempDir Path folder;
  private final SettableClock clock = new SettableClock();
  private Path data;
  private FsStore store;

  @BeforeEach
  void open() throws Exception {
    data = folder.resolve("data");
    store =
        FsStore.open(
            data, clock, DiskBudgetSettings.DEFAULT, new TestDisk(data), new SecureRandom());
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void what_is_older_than_a_grant_can_be_is_deleted_and_the_rest_stays() throws Exception {
    Path old = grant("old", LIFE.plusSeconds(1));
    Path young = grant("young", LIFE.minusSeconds(1));
    store.deleteGrantsOlderThan(LIFE);
    assertThat(old).doesNotExist();
    assertThat(young).exists();
  }

  @Test
  void one_that_can_not_be_deleted_stops_neither_the_others_nor_the_scan() throws Exception {
    // A folder in place of the file: it can't be deleted while something is in it.
    Path stuck = grant("a-stuck", LIFE.plusDays(1));
    Files.delete(stuck);
    Files.createDirectories(stuck.resolve("something"));
    Files.setLastModifiedTime(stuck, FileTime.from(clock.instant().minus(LIFE.plusDays(1))));
    Path old = grant("old", LIFE.plusDays(1));
    store.deleteGrantsOlderThan(LIFE);
    store.scan();
    assertThat(stuck).exists();
    assertThat(old).doesNotExist();
    assertThat(store.usage().counted()).isTrue();
  }

  @Test
  void a_holder_that_can_not_be_read_stops_none_of_the_others() throws Exception {
    // Files in the place of folders, before and behind that of the holder in any order.
    for (String holder : List.of("-".repeat(64), "f".repeat(64))) {
      Files.createDirectories(data.resolve("access/grants"));
      Files.writeString(data.resolve("access/grants").resolve(holder), "no folder");
    }
    Path old = grant("old", LIFE.plusDays(1));
    store.deleteGrantsOlderThan(LIFE);
    assertThat(old).doesNotExist();
  }

  private Path grant(String name, Duration age) throws Exception {
    Path holder = Files.createDirectories(data.resolve("access/grants").resolve("0".repeat(64)));
    Path file = Files.writeString(holder.resolve(name), "{}");
    return Files.setLastModifiedTime(file, FileTime.from(clock.instant().minus(age)));
  }
}
