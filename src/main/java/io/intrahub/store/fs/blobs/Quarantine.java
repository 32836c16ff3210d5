package io.intrahub.store.fs.blobs;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where bytes go that are not what their name says, each with a report beside it. Nothing reads
 * them again but the operator. It keeps the newest items, within a number and a total size. Safe
 * for use by many threads.
 */
public final class Quarantine {
  public static final int MAX_ITEMS = 64;
  static final long MAX_BYTES = 4L << 30;

  private static final Logger log = LoggerFactory.getLogger(Quarantine.class);
  private static final String REPORT = ".txt";
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'.'SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final Disk disk;
  private final Path folder;
  private final Clock clock;
  private final AtomicLong counter = new AtomicLong();

  public Quarantine(Disk disk, Path folder, Clock clock) {
    this.disk = disk;
    this.folder = folder;
    this.clock = clock;
  }

  /**
   * Moves a file (or whatever has this name) away and says so in the log.
   *
   * @param why one sentence for the operator
   * @return whether it is away; a failure is logged
   */
  public boolean take(Path file, String why) {
    String name;
    try {
      name = freeName(base(file));
      log.warn("{} moves to quarantine as {}: {}", file, name, why);
      disk.rename(file, folder.resolve(name));
    } catch (IOException e) {
      log.warn("{} could not be moved to quarantine ({}): {}", file, why, e.toString());
      return false;
    }
    try {
      String report =
          "what: %s\nfrom: %s\nwhen: %s\nwhy: %s\n"
              .formatted(base(file), file, clock.instant(), why);
      FileIo.create(disk, folder.resolve(name + REPORT), report.getBytes(StandardCharsets.UTF_8));
      prune();
    } catch (IOException e) {
      log.warn(
          "The report could not be written, or old files could not be removed from quarantine: {}",
          e.toString());
    }
    return true;
  }

  /** Begins with the time, so that names sort by age. */
  private String freeName(String base) throws IOException {
    while (true) {
      String name =
          "%s-%04d-%s".formatted(STAMP.format(clock.instant()), counter.getAndIncrement(), base);
      if (disk.attributes(folder.resolve(name)).isEmpty()) {
        return name;
      }
    }
  }

  /** Partial blobs are all called "data"; their folder says what they are. */
  private static String base(Path file) {
    String name = String.valueOf(file.getFileName());
    Path parent = file.getParent();
    return name.equals("data") && parent != null ? String.valueOf(parent.getFileName()) : name;
  }

  private synchronized void prune() throws IOException {
    // Names begin with the time, so the newest are first.
    List<Path> items =
        disk.list(folder).stream()
            .filter(p -> !p.toString().endsWith(REPORT))
            .sorted(Comparator.comparing(Path::toString).reversed())
            .toList();
    long bytes = 0;
    for (int i = 0; i < items.size(); i++) {
      Path item = items.get(i);
      bytes += disk.attributes(item).map(Disk.Attributes::size).orElse(0L);
      if (i > 0 && (i >= MAX_ITEMS || bytes > MAX_BYTES)) {
        disk.delete(item);
        Path report = folder.resolve(item.getFileName() + REPORT);
        if (disk.attributes(report).isPresent()) {
          disk.delete(report);
        }
      }
    }
  }
}
