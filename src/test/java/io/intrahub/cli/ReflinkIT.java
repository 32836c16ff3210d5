package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.intrahub.cli.doctor.FileSystemCheck;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Import and export on file systems with and without reflinks, each in a file that is mounted, for
 * root only: what the commands say of the way of their copies is measured by the space they take.
 */
class ReflinkIT {
  private static final int SIZE = 48 << 20;
  private static final String COMMIT = "1".repeat(40);

  /** XFS takes no less. Sparse. In bytes. */
  private static final long IMAGE = 400L << 20;

  @TempDir private Path tmp;
  private Path disk;
  private Path log;
  private boolean mounted;

  @BeforeEach
  void prepare() throws IOException {
    disk = Files.createDirectory(tmp.resolve("disk"));
    log = Files.createFile(tmp.resolve("log"));
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(complaint("umount", disk.toString())).isEmpty();
    }
  }

  /** What a command says if it fails; empty if it does not. */
  private static String complaint(String... command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor() == 0 ? "" : command[0] + ": " + said.strip();
  }

  private void mount(String... command) throws IOException, InterruptedException {
    String complaint = complaint(command);
    assumeThat(complaint).as("why it can't be mounted: %s", complaint).isEmpty();
    mounted = true;
  }

  private void mountImage(String mkfs) throws IOException, InterruptedException {
    Path image = tmp.resolve("image");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE);
    }
    List<String> make = new ArrayList<>(Arrays.asList(mkfs.split(" ")));
    make.add(image.toString());
    String complaint = complaint(make.toArray(String[]::new));
    assumeThat(complaint).as("why it can't be made: %s", complaint).isEmpty();
    mount("mount", "-o", "loop", image.toString(), disk.toString());
  }

  /** A cache folder with one file, as a client leaves it. */
  private Path cacheFolder() throws Exception {
    byte[] content = new byte[SIZE];
    new Random(1).nextBytes(content);
    String sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    Path cache = disk.resolve("hub");
    Path repo = cache.resolve("models--acme--tiny");
    Path snapshot = Files.createDirectories(repo.resolve("snapshots").resolve(COMMIT));
    Files.createDirectories(repo.resolve("blobs"));
    Files.write(repo.resolve("blobs").resolve(sha256), content);
    Files.createSymbolicLink(snapshot.resolve("m.bin"), Path.of("../../blobs", sha256));
    Files.createDirectories(repo.resolve("refs"));
    Files.writeString(repo.resolve("refs/main"), COMMIT);
    return cache;
  }

  private long used() throws IOException, InterruptedException {
    assertThat(complaint("sync", "-f", disk.toString())).isEmpty();
    return Files.getFileStore(disk).getTotalSpace()
        - Files.getFileStore(disk).getUnallocatedSpace();
  }

  private String intrahub(int expected, String... arguments) throws Exception {
    Process process =
        MirrorProcess.launch(
            log,
            MirrorProcess.STARTS_QUICKLY,
            List.of(arguments),
            Map.of("INTRAHUB_STORE_MIN_FREE", "1MiB"));
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the command ended").isTrue();
    assertThat(process.exitValue()).as("%s%s", out, Files.readString(log)).isEqualTo(expected);
    assertThat(Files.readString(log)).doesNotContain("WARNING");
    return out;
  }

  private void importAndExport(boolean shares) throws Exception {
    Path cache = cacheFolder();
    String data = disk.resolve("data").toString();
    Path exported = disk.resolve("exported");
    long before = used();

    String imported = intrahub(0, "import", "--hf-cache", cache.toString(), "--data", data);
    long between = used();
    // Only imported, so it is not known whether that is all of the commit.
    String told =
        intrahub(1, "export", "--hf-cache", exported.toString(), "--data", data, "acme/tiny");
    long after = used();

    assertThat(imported).contains(shares ? "as reflinks, which share" : "as copies");
    assertThat(told).contains(shares ? "as reflinks, which share" : "as copies");
    assertThat(exported.resolve("models--acme--tiny/snapshots").resolve(COMMIT).resolve("m.bin"))
        .hasSameBinaryContentAs(
            cache.resolve("models--acme--tiny/snapshots").resolve(COMMIT).resolve("m.bin"));
    for (long taken : List.of(between - before, after - between)) {
      if (shares) {
        assertThat(taken).isLessThan(SIZE / 4);
      } else {
        assertThat(taken).isGreaterThanOrEqualTo(SIZE);
      }
    }
    assertThat(new FileSystemCheck(disk.resolve("data")).run().summary())
        .contains(shares ? "with reflinks" : "without reflinks");
  }

  @ParameterizedTest
  @ValueSource(strings = {"mkfs.xfs -q", "mkfs.btrfs -q"})
  void copies_share_the_space_of_the_original_where_the_file_system_can(String mkfs)
      throws Exception {
    mountImage(mkfs);

    importAndExport(true);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mkfs.xfs -q -m reflink=0", "mkfs.ext4 -q -F", "tmpfs"})
  void elsewhere_they_are_copies_and_said_to_be(String mkfs) throws Exception {
    if (mkfs.equals("tmpfs")) {
      mount("mount", "-t", "tmpfs", "-o", "size=" + IMAGE, "tmpfs", disk.toString());
    } else {
      mountImage(mkfs);
    }

    importAndExport(false);
  }
}
