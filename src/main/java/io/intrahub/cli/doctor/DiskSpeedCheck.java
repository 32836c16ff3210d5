package io.intrahub.cli.doctor;

import io.intrahub.cli.command.Amounts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** How fast the disk of the store takes a large file, and how long it takes to sync a small one. */
public final class DiskSpeedCheck implements Check {
  private static final int BLOCK = 1 << 20;
  private static final int MAX_BLOCKS = 64;
  private static final int SMALL = 4 << 10;
  private static final int MAX_SYNCS = 20;
  private static final Duration AT_MOST = Duration.ofSeconds(2);

  /** Below this free space the trial would itself be the problem. */
  private static final long NEEDED = 4L * MAX_BLOCKS * BLOCK;

  private static final long SLOW_BYTES_PER_SECOND = 50L << 20;
  private static final long SLOW_SYNC_MILLIS = 100;

  private final Path data;

  public DiskSpeedCheck(Path data) {
    this.data = data;
  }

  @Override
  public String name() {
    return "disk speed";
  }

  @Override
  public List<String> needs() {
    return List.of(DataFolderCheck.NAME);
  }

  @Override
  public String adviceWhenLate() {
    return "The disk of " + data + " hangs or is overloaded: look at it with iostat -x 1.";
  }

  @Override
  public Finding run() {
    try (TrialFolder trial = TrialFolder.in(data)) {
      if (Files.getFileStore(trial.path()).getUsableSpace() < NEEDED) {
        return Finding.warning("not measured, because less than 256 MiB are free");
      }
      long perSecond = writeLarge(trial.resolve("large"));
      return judge(perSecond, syncSmall(trial.resolve("small")));
    } catch (IOException e) {
      return Finding.failed("the trial file can't be written: " + e, adviceWhenLate());
    }
  }

  /**
   * Judges the speed of a disk.
   *
   * @param perSecond bytes of a large file that it takes
   * @param syncMillis how long it takes to sync a small one
   */
  static Finding judge(long perSecond, double syncMillis) {
    String summary =
        "writes %s/s, fsync takes %.1f ms (median)".formatted(Amounts.size(perSecond), syncMillis);
    if (perSecond >= SLOW_BYTES_PER_SECOND && syncMillis <= SLOW_SYNC_MILLIS) {
      return Finding.ok(summary);
    }
    return Finding.warning(
        summary,
        "A slow disk slows down first loads: put the store (--data) on a local SSD, or look with"
            + " iostat -x 1 who else uses the disk.");
  }

  /** Bytes per second, the sync included. */
  private static long writeLarge(Path file) throws IOException {
    byte[] block = new byte[BLOCK];
    // Not zeros, which some file systems do not write.
    new Random(1).nextBytes(block);
    long begin = System.nanoTime();
    long written = 0;
    try (FileChannel channel = create(file)) {
      for (int i = 0; i < MAX_BLOCKS && isBefore(begin); i++) {
        ByteBuffer from = ByteBuffer.wrap(block);
        while (from.hasRemaining()) {
          written += channel.write(from);
        }
      }
      channel.force(true);
    }
    return (long) (written / ((System.nanoTime() - begin) / 1e9));
  }

  /** The median in milliseconds. */
  private static double syncSmall(Path file) throws IOException {
    List<Long> nanos = new ArrayList<>();
    long begin = System.nanoTime();
    try (FileChannel channel = create(file)) {
      do {
        long before = System.nanoTime();
        channel.write(ByteBuffer.allocate(SMALL), 0);
        channel.force(true);
        nanos.add(System.nanoTime() - before);
      } while (nanos.size() < MAX_SYNCS && isBefore(begin));
    }
    Collections.sort(nanos);
    return nanos.get(nanos.size() / 2) / 1e6;
  }

  private static boolean isBefore(long begin) {
    return System.nanoTime() - begin < AT_MOST.toNanos();
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }
}
