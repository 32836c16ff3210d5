package io.intrahub.transfer;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.store.PartialBlob;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One fill of one blob: one connection to upstream, one file that grows, any number of readers.
 *
 * <p>Threads: {@link #run} is the filler and the only one that writes; readers read what lies below
 * {@code front}. {@code lock} guards all mutable fields and is never held over I/O; it is a leaf:
 * no other lock is taken while it is held.
 *
 * <p>The writer is closed by whoever is last: the filler when no reader is left, or the last reader
 * when the filler has ended.
 */
final class Fill {
  private static final Logger log = LoggerFactory.getLogger(Fill.class);
  private static final int BUFFER = 256 * 1024;

  /** What one connection has to bring, in bytes, to count as worth its while. */
  private static final long PROGRESS = 64 * 1024;

  /** How a fill ended, or that it did not. */
  sealed interface Outcome {
    record Running() implements Outcome {}

    record Published() implements Outcome {}

    record Refused(FirstHop.Refusal refusal) implements Outcome {}

    record Failed(UpstreamFailure failure) implements Outcome {}

    /** What came does not have the announced digest; it is in quarantine. */
    record Wrong() implements Outcome {}

    /** The store could not take it. Upstream is well, so readers go on without the store. */
    record StoreBroke() implements Outcome {}

    /** Nobody wanted it any more. */
    record Abandoned() implements Outcome {}
  }

  private final BlobId blob;
  private final BlobSource source;
  private final PartialBlob writer;
  private final TransferSettings settings;

  /** Bytes written. Owner: the filler. */
  private long position;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final CountDownLatch gone = new CountDownLatch(1);
  private long front;
  private boolean flowing;
  private Outcome outcome = new Outcome.Running();
  private int readers;
  private boolean filling = true;
  private boolean unwanted;

  Fill(BlobId blob, BlobSource source, PartialBlob writer, TransferSettings settings) {
    this.blob = blob;
    this.source = source;
    this.writer = writer;
    this.settings = settings;
  }

  /** Registers a reader, unless the fill has ended. Each one must {@link #leave}. */
  boolean join() {
    lock.lock();
    try {
      if (!(outcome instanceof Outcome.Running)) {
        return false;
      }
      readers++;
      unwanted = false;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** No thread could be had for {@link #run}: it ends, and the reader that started it leaves. */
  void neverRan() {
    lock.lock();
    try {
      outcome = new Outcome.Abandoned();
      filling = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    leave();
  }

  /** The filler has let go of all it had. */
  void gone() {
    gone.countDown();
  }

  /** Waits until a fill that has ended is gone, so that the blob can be begun anew. */
  void awaitGone(Duration atMost) throws InterruptedException {
    var _ = gone.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Whether it has not ended. */
  boolean isRunning() {
    lock.lock();
    try {
      return outcome instanceof Outcome.Running;
    } finally {
      lock.unlock();
    }
  }

  /** Whether it has ended and the content was another than was announced. */
  boolean isWrong() {
    lock.lock();
    try {
      return outcome instanceof Outcome.Wrong;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A reader is gone.
   *
   * @return whether nobody reads a running fill any more
   */
  boolean leave() {
    boolean close;
    boolean lonely;
    lock.lock();
    try {
      readers--;
      close = readers == 0 && !filling;
      lonely = readers == 0 && filling;
    } finally {
      lock.unlock();
    }
    if (close) {
      writer.close();
    }
    return lonely;
  }

  /** Ends the fill if still nobody reads it and too much is left to finish it on the side. */
  void abandonUnlessWorthIt() {
    lock.lock();
    try {
      boolean nearlyDone =
          blob.size() - front <= settings.finishIfLeft() || front >= blob.size() / 4;
      if (readers == 0 && !nearlyDone) {
        unwanted = true;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Number of bytes that may be read. */
  long front() {
    lock.lock();
    try {
      return front;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until bytes flow or the fill has ended; the outcome is Running when they flow. */
  Optional<Outcome> awaitFlow(Duration atMost) throws InterruptedException {
    return await(atMost, () -> flowing || !(outcome instanceof Outcome.Running));
  }

  /** Waits until the fill has ended. */
  Optional<Outcome> awaitEnd(Duration atMost) throws InterruptedException {
    return await(atMost, () -> !(outcome instanceof Outcome.Running));
  }

  /** Waits until there is a byte at {@code position}, or the fill has ended. */
  Outcome awaitByte(long position) throws InterruptedException {
    lock.lock();
    try {
      while (front <= position && outcome instanceof Outcome.Running) {
        changed.await();
      }
      return outcome;
    } finally {
      lock.unlock();
    }
  }

  private Optional<Outcome> await(Duration atMost, BooleanSupplier done)
      throws InterruptedException {
    long left = atMost.toNanos();
    lock.lock();
    try {
      while (!done.getAsBoolean()) {
        if (left <= 0) {
          return Optional.empty();
        }
        left = changed.awaitNanos(left);
      }
      return Optional.of(outcome);
    } finally {
      lock.unlock();
    }
  }

  /** Reads bytes below the front. */
  int read(ByteBuffer into, long position) throws IOException {
    return writer.read(into, position);
  }

  /** Fills, verifies, publishes. Returns when the outcome is set; never throws. */
  void run() {
    Outcome end;
    try {
      end = fill();
    } catch (RuntimeException | Error e) {
      log.error("A fill of {} bytes ended by a fault of the mirror", blob.size(), e);
      end = new Outcome.StoreBroke();
    }
    boolean close;
    lock.lock();
    try {
      outcome = end;
      filling = false;
      close = readers == 0;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (close) {
      writer.close();
    }
  }

  private Outcome fill() {
    ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(BUFFER, blob.size()));
    int barren = 0;
    while (position < blob.size()) {
      long before = position;
      Optional<Outcome> end = connect(buffer);
      if (end.isPresent()) {
        // What came so far is kept: a fill that had bytes goes on, and a connection that broke is
        // made anew, as is one that got no answer in time: there the source has tried only once.
        // Another source that could not be opened has tried often enough itself.
        boolean again =
            end.get() instanceof Outcome.Failed failed
                && (failed.failure().mayPass()
                    || failed.failure().kind() == UpstreamFailure.Kind.LATE
                    || position > 0);
        // A connection that is cut after a few bytes each time is no progress: a large content
        // would cost a connection for each few bytes of it.
        barren = position - before >= PROGRESS ? 0 : barren + 1;
        if (!again || barren >= settings.tries()) {
          return end.get();
        }
        pause(barren);
      }
    }
    return publish();
  }

  /** One connection. Empty when all bytes are in. */
  private Optional<Outcome> connect(ByteBuffer buffer) {
    long from = position;
    BlobSource.Opening opening = source.open(new ByteRange.Span(from, blob.size() - from));
    return switch (opening) {
      case BlobSource.Refused refused -> Optional.of(new Outcome.Refused(refused.refusal()));
      case BlobSource.Failed failed -> Optional.of(new Outcome.Failed(failed.failure()));
      case BlobSource.Opened opened -> {
        try (BlobSource.Stream stream = opened.stream()) {
          yield pump(stream, buffer);
        }
      }
    };
  }

  private Optional<Outcome> pump(BlobSource.Stream stream, ByteBuffer buffer) {
    while (position < blob.size()) {
      buffer.clear();
      try {
        stream.read(buffer);
      } catch (IOException e) {
        log.info("Upstream broke off after {} of {} bytes: {}", front(), blob.size(), e.toString());
        return Optional.of(
            new Outcome.Failed(
                new UpstreamFailure(
                    UpstreamFailure.Kind.UNREACHABLE,
                    "the connection broke in the middle",
                    true,
                    Optional.empty())));
      }
      buffer.flip();
      try {
        append(buffer);
      } catch (IOException e) {
        log.warn("The store can't take a blob of {} bytes: {}", blob.size(), e.toString());
        return Optional.of(new Outcome.StoreBroke());
      }
      if (advance()) {
        return Optional.of(new Outcome.Abandoned());
      }
    }
    return Optional.empty();
  }

  private void append(ByteBuffer buffer) throws IOException {
    long next = position + buffer.remaining();
    writer.write(buffer, position);
    for (long piece = position / PartialBlob.PIECE; piece < pieces(next); piece++) {
      writer.mark((int) piece);
    }
    position = next;
    writer.hash(position);
  }

  /** Number of pieces from the beginning that end at or before a position. */
  private long pieces(long end) {
    return end == blob.size() ? PartialBlob.pieces(end) : end / PartialBlob.PIECE;
  }

  /** Shows the new bytes to the readers. Returns whether the fill is unwanted. */
  private boolean advance() {
    long written = position;
    lock.lock();
    try {
      front = written;
      flowing = true;
      changed.signalAll();
      return unwanted && readers == 0;
    } finally {
      lock.unlock();
    }
  }

  private Outcome publish() {
    try {
      return switch (writer.publish()) {
        case PUBLISHED -> new Outcome.Published();
        case WRONG -> new Outcome.Wrong();
      };
    } catch (IOException e) {
      log.warn("A blob of {} bytes could not be published: {}", blob.size(), e.toString());
      return new Outcome.StoreBroke();
    }
  }

  private void pause(int barren) {
    try {
      TimeUnit.NANOSECONDS.sleep(settings.retryPause().toNanos() << Math.min(barren, 5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
