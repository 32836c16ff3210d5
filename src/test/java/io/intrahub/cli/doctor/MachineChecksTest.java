package io.intrahub.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.doctor.Finding.Status;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The checks of this machine. */
class MachineChecksTest {
  private static final URI OPERATOR = URI.create("http://127.0.0.1:8091");
  private static final long GIB = 1L << 30;

  @TempDir Path tmp;

  private static Finding folder(Path data, Optional<String> running) {
    return new DataFolderCheck(data, running, OPERATOR).run();
  }

  @Test
  void a_folder_that_does_not_exist_yet_is_fine_and_is_not_made() {
    Path data = tmp.resolve("a/data");

    assertThat(folder(data, Optional.empty()).summary()).contains("does not exist yet");
    assertThat(new FileSystemCheck(data).run().status()).isNotEqualTo(Status.FAILED);
    assertThat(new DiskSpeedCheck(data).run().summary()).contains("fsync takes");
    assertThat(tmp).isEmptyDirectory();
  }

  @Test
  void a_folder_that_nobody_may_write_to_fails_with_what_to_do() throws IOException {
    Path data = Files.createDirectory(tmp.resolve("data"));
    Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("r-x------"));
    if (Files.isWritable(data)) {
      // For root, which may write everywhere else.
      data = Path.of("/proc/sys");
      Assumptions.assumeTrue(Files.isDirectory(data));
      data = data.resolve("data");
    }

    Finding finding = folder(data, Optional.empty());

    assertThat(finding.status()).isEqualTo(Status.FAILED);
    assertThat(finding.summary()).contains("can't write to");
    assertThat(finding.advice()).anyMatch(advice -> advice.contains("chown"));
  }

  @Test
  void a_folder_with_other_files_fails() throws IOException {
    Files.writeString(tmp.resolve("photo.jpg"), "x");

    assertThat(folder(tmp, Optional.empty()))
        .satisfies(f -> assertThat(f.status()).isEqualTo(Status.FAILED))
        .satisfies(f -> assertThat(f.summary()).contains("photo.jpg"));
    assertThat(folder(tmp.resolve("photo.jpg"), Optional.empty()).summary())
        .contains("is not a folder");
  }

  @Test
  void a_store_is_free_or_in_use_or_that_of_the_running_mirror() throws Exception {
    Path data = tmp.resolve("data");
    String id;
    try (FsStore store =
        FsStore.open(data, new SettableClock(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
      id = store.id();
      assertThat(folder(data, Optional.of(id)).summary()).contains("of the running mirror");
      assertThat(folder(data, Optional.empty()))
          .satisfies(f -> assertThat(f.status()).isEqualTo(Status.WARNING))
          .satisfies(f -> assertThat(f.summary()).contains(OPERATOR.toString()));
    }

    assertThat(folder(data, Optional.empty()).summary()).contains("no mirror uses");
    Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(folder(data, Optional.empty()).advice()).anyMatch(a -> a.contains("chmod o-rwx"));
    try (Stream<Path> files = Files.list(data)) {
      assertThat(files).noneMatch(file -> file.getFileName().toString().startsWith(".doctor"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // Of the disk, free, limit, kept free; in GiB.
    "1000, 500, 0, 1, OK",
    "1000, 500, 900, 1, OK",
    "1000, 500, 1000, 1, WARNING",
    "1000, 5, 0, 1, WARNING",
    "1000, 0, 0, 1, FAILED",
    "0, 0, 0, 1, WARNING"
  })
  void the_disk_is_compared_with_the_limits(
      long total, long free, long limit, long minFree, Status status) {
    DiskBudgetSettings limits = new DiskBudgetSettings(limit * GIB, minFree * GIB, 95, 90);

    assertThat(DiskSpaceCheck.judge(total * GIB, free * GIB, limits).status()).isEqualTo(status);
  }

  @ParameterizedTest
  @CsvSource({
    // MiB/s written, ms for a sync.
    "50, 100, OK",
    "49, 100, WARNING",
    "50, 100.1, WARNING"
  })
  void a_slow_disk_is_a_warning(long mib, double syncMillis, Status status) {
    Finding finding = DiskSpeedCheck.judge(mib << 20, syncMillis);

    assertThat(finding.status()).isEqualTo(status);
    assertThat(finding.summary()).contains(mib + ".0 MiB/s");
    assertThat(finding.advice().isEmpty()).isEqualTo(status == Status.OK);
  }

  @ParameterizedTest
  @CsvSource({
    // Of the container, heap, direct, buffers, budget; in MiB.
    "1024, 512, 512, 128, 64, OK",
    "768, 512, 512, 128, 64, WARNING",
    "2048, 512, 100, 128, 64, FAILED",
    "2048, 512, 512, 128, 300, FAILED"
  })
  void the_memory_of_the_container_is_compared_with_what_java_takes(
      long available, long heap, long direct, long buffers, long budget, Status status) {
    long mib = 1 << 20;
    Finding finding =
        new MemoryCheck(
                new MemoryCheck.Memory(
                    available * mib, heap * mib, direct * mib, buffers * mib, budget * mib))
            .run();

    assertThat(finding.status()).isEqualTo(status);
    assertThat(finding.advice().isEmpty()).isEqualTo(status == Status.OK);
  }

  @Test
  void too_few_open_files_are_a_warning() {
    assertThat(new OpenFilesCheck(1024, 10_000).run().status()).isEqualTo(Status.WARNING);
    assertThat(new OpenFilesCheck(1024, 10).run().status()).isEqualTo(Status.OK);
  }

  @ParameterizedTest
  @CsvSource({"nfs4, true", "fuse.sshfs, true", "CIFS, true", "ext4, false", "overlay, false"})
  void file_systems_of_a_network_are_known(String type, boolean network) {
    assertThat(FileSystemCheck.isOfNetwork(type)).isEqualTo(network);
  }
}
