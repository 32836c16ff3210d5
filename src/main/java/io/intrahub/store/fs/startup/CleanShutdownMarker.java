package io.intrahub.store.fs.startup;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether the process before this one ended in order, and if not, which blobs are in doubt:
 * those published in its last minutes. The file {@code running} is there while a process works; its
 * time, by the file system's own clock, is that of a late publish. It may be too early, never too
 * late, so that too much is checked rather than too little. Its text is the start of an older doubt
 * that was not settled yet, so that a second crash does not hide what the first one left.
 *
 * <p>Safe for use by many threads.
 */
public final class CleanShutdownMarker {
  private static final Logger log = LoggerFactory.getLogger(CleanShutdownMarker.class);
  private static final Duration SUSPECT_MARGIN = Duration.ofMinutes(10);
  private static final long RENEW_MILLIS = 60_000;

  private final Disk disk;
  private final StoreLayout layout;
  private final Clock clock;

  /** Blobs modified at this time or later are in doubt; empty after an orderly end. */
  private final Optional<Instant> suspectFrom;

  /** Whether all blobs in doubt were checked. Set once, by the walk. */
  private volatile boolean settled;

  /** When the file was written last, in milliseconds of {@link #clock}. */
  private final AtomicLong renewed;

  private CleanShutdownMarker(
      Disk disk, StoreLayout layout, Clock clock, Optional<Instant> doubtFrom) {
    this.disk = disk;
    this.layout = layout;
    this.clock = clock;
    this.suspectFrom = doubtFrom;
    this.settled = doubtFrom.isEmpty();
    this.renewed = new AtomicLong(0);
  }

  /** Looks at what the last process left, and says that this one is at work. */
  public static CleanShutdownMarker begin(Disk disk, StoreLayout layout, Clock clock)
      throws IOException {
    CleanShutdownMarker shutdownMarker = beginUnmarked(disk, layout, clock);
    shutdownMarker.renew();
    return shutdownMarker;
  }

  /** As {@link #begin}, for a full disk: the next publish will leave the mark. */
  public static CleanShutdownMarker beginUnmarked(Disk disk, StoreLayout layout, Clock clock)
      throws IOException {
    Optional<Disk.Attributes> left = disk.attributes(layout.running());
    if (left.isEmpty()) {
      return new CleanShutdownMarker(disk, layout, clock, Optional.empty());
    }
    Instant last = left.get().modified();
    log.info(
        "The last run was killed, or the power was cut. Published files are safe and are checked"
            + " again; unfinished downloads continue from the pieces that were kept.");
    Instant from = last.minus(SUSPECT_MARGIN);
    Optional<Instant> older = olderSuspectTime(disk, layout).filter(from::isAfter);
    return new CleanShutdownMarker(disk, layout, clock, Optional.of(older.orElse(from)));
  }

  private static Optional<Instant> olderSuspectTime(Disk disk, StoreLayout layout)
      throws IOException {
    try (Disk.File file = disk.open(layout.running())) {
      int length = (int) Math.min(file.size(), 100);
      byte[] text = FileIo.readFully(file, 0, length).array();
      return Optional.of(Instant.parse(new String(text, StandardCharsets.US_ASCII).strip()));
    } catch (DateTimeParseException e) {
      // Empty, as it is most of the time, or torn: then its time must do.
      return Optional.empty();
    }
  }

  /** Whether a blob with this time must be checked before it is served. */
  public boolean isSuspect(Instant modified) {
    return suspectFrom.isPresent() && !modified.isBefore(suspectFrom.get());
  }

  /** A blob is about to be published. */
  public void publishing() {
    long now = clock.millis();
    long last = renewed.get();
    if (Math.abs(now - last) >= RENEW_MILLIS && renewed.compareAndSet(last, now)) {
      try {
        renew();
      } catch (IOException e) {
        log.warn("{} could not be renewed: {}", layout.running(), e.toString());
      }
    }
  }

  private void renew() throws IOException {
    renewed.set(clock.millis());
    Path next = layout.newRunning();
    if (disk.attributes(next).isPresent()) {
      disk.delete(next);
    }
    String text = settled ? "" : suspectFrom.map(Instant::toString).orElse("") + "\n";
    FileIo.create(disk, next, text.getBytes(StandardCharsets.US_ASCII));
    disk.rename(next, layout.running());
    disk.forceFolder(layout.root());
  }

  /** All blobs in doubt were checked. */
  public void settle() {
    settled = true;
  }

  /** The process ends in order. What is still in doubt stays so. */
  public void end() throws IOException {
    if (settled && disk.attributes(layout.running()).isPresent()) {
      disk.delete(layout.running());
      disk.forceFolder(layout.root());
    }
  }
}
