package io.intrahub.transfer;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.upstream.UpstreamResults.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.base.Deadline;
import io.intrahub.cli.Wiring;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.metrics.Meters;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.TestRepos;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.SettableClock;
import io.intrahub.testing.TestWiring;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamResult;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Transfers over a store in memory, with a timer that a test fires by hand. */
public final class TransferRig implements AutoCloseable {
  static final long HELD = 16 * 1024;
  static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/x");

  final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  public final ManualTimer timer = new ManualTimer();
  private final MemoryStore memory = new MemoryStore(new SettableClock());
  public final FaultyStore store = new FaultyStore(memory);
  public final Meters meters = new Meters(new SimpleMeterRegistry());
  public final Transfers transfers;

  public TransferRig() {
    this(1024 * 1024);
  }

  /** With another limit for what an abandoned transfer may have left. */
  TransferRig(long finishIfLeft) {
    this(finishIfLeft, Duration.ofSeconds(20), 32);
  }

  /**
   * With other limits.
   *
   * @param checkTimeout how long the head of a small content waits for its digest
   * @param contents large ones in flight, at most
   */
  TransferRig(long finishIfLeft, Duration checkTimeout, int contents) {
    TransferSettings settings =
        new TransferSettings(
            Duration.ofSeconds(20),
            checkTimeout,
            Duration.ofSeconds(10),
            finishIfLeft,
            3,
            Duration.ofMillis(1),
            4,
            32,
            contents,
            0,
            128,
            8 << 20);
    Wiring.Environment environment =
        Wiring.Environment.of(new SettableClock(), threads, timer)
            .withNanos(() -> System.nanoTime() + timer.skew());
    transfers =
        new Wiring(
                TestWiring.settings(TestWiring.OFFLINE).withTransfer(settings),
                environment,
                TestRepos.budget(),
                meters)
            .transfers(store, store);
  }

  static AuthorisedBlob mayRead(BlobId blob) {
    return everybody(REPO, blob);
  }

  public static byte[] content(int size) {
    return TestBlobs.bytes(size, size);
  }

  UpstreamResult<OpenedContent> open(BlobId blob, BlobSource source, ByteRange.Span span) {
    return open(blob, source, span, span.end() == blob.size());
  }

  UpstreamResult<OpenedContent> open(
      BlobId blob, BlobSource source, ByteRange.Span span, boolean completing) {
    return transfers.open(
        mayRead(blob), source, span, completing, Deadline.in(Duration.ofSeconds(20)));
  }

  public OpenedContent ready(BlobId blob, BlobSource source, ByteRange.Span span) {
    UpstreamResult<OpenedContent> opening = open(blob, source, span);
    assertThat(opening).isInstanceOf(UpstreamResult.Value.class);
    return value(opening);
  }

  /** Opens and reads a span on a thread of its own. */
  public CompletableFuture<Got> readLater(BlobId blob, BlobSource source, ByteRange.Span span) {
    return CompletableFuture.supplyAsync(() -> read(ready(blob, source, span).stream()), threads);
  }

  public Got readNow(BlobId blob, BlobSource source, ByteRange.Span span) {
    return read(ready(blob, source, span).stream());
  }

  /**
   * What a client got.
   *
   * @param bytes that came
   * @param complete whether the stream ended well
   */
  public record Got(byte[] bytes, boolean complete) {}

  public static Got read(ContentStream stream) {
    return read(stream, new AtomicLong());
  }

  /** Reads to the end or to an exception, counting, and closes. */
  static Got read(ContentStream stream, AtomicLong count) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(70_000);
    try (stream) {
      while (true) {
        int read = stream.read(buffer.clear());
        if (read < 0) {
          return new Got(bytes.toByteArray(), true);
        }
        assertThat(read).isPositive().isEqualTo(buffer.position());
        bytes.write(buffer.array(), 0, read);
        count.addAndGet(read);
      }
    } catch (IOException e) {
      return new Got(bytes.toByteArray(), false);
    }
  }

  /** Whether exactly these bytes come, for many readers at once: nothing is copied twice. */
  public static boolean gives(ContentStream stream, byte[] expected) {
    ByteBuffer buffer = ByteBuffer.allocate(200_000);
    ByteBuffer all = ByteBuffer.wrap(expected);
    try (stream) {
      while (stream.read(buffer.clear()) >= 0) {
        buffer.flip();
        int size = buffer.remaining();
        if (size > all.remaining() || !buffer.equals(all.slice(all.position(), size))) {
          return false;
        }
        all.position(all.position() + size);
      }
      return !all.hasRemaining();
    } catch (IOException e) {
      return false;
    }
  }

  public static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(20, TimeUnit.SECONDS);
  }

  /** Bytes of room that are set aside. */
  long reserved() {
    return memory.usage().reserved();
  }

  boolean isStored(BlobId blob) {
    return transfers.isStored(mayRead(blob));
  }

  /** Waits for the transfers to end and looks for what nobody closed. */
  public void assertNothingLeaks(ScriptedSource... sources) {
    Callable<Boolean> clean =
        () ->
            transfers.running() == 0
                && transfers.loads().passThrough() == 0
                && store.leaked() == 0
                && Arrays.stream(sources).allMatch(s -> s.openStreams() == 0);
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .atMost(Duration.ofSeconds(20))
        .until(clean);
  }

  @Override
  public void close() {
    threads.shutdownNow();
    timer.shutdownNow();
  }

  /** Keeps what is scheduled until a test fires it. */
  public static final class ManualTimer extends ScheduledThreadPoolExecutor {
    private final List<Runnable> tasks = new ArrayList<>();
    private final AtomicLong skew = new AtomicLong();

    /** What a thread knew when it last looked at the time. */
    private final ThreadLocal<Long> seen = ThreadLocal.withInitial(() -> 0L);

    ManualTimer() {
      super(1);
    }

    @Override
    public synchronized ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
      if (isShutdown()) {
        throw new RejectedExecutionException("stopped");
      }
      // It may have looked at the time before that was moved on: then less is left to wait.
      long left = unit.toNanos(delay) - (skew.get() - seen.get());
      // Pauses between tries pass by themselves; only what takes seconds waits for the test.
      if (left < Duration.ofSeconds(1).toNanos()) {
        return super.schedule(task, left, TimeUnit.NANOSECONDS);
      }
      tasks.add(task);
      return super.schedule(() -> {}, 1, TimeUnit.DAYS);
    }

    /** How far the transfers' time is ahead, in nanoseconds. */
    long skew() {
      long now = skew.get();
      seen.set(now);
      return now;
    }

    synchronized int waiting() {
      return tasks.size();
    }

    /** Takes no more tasks, as when the mirror stops. */
    void stop() {
      shutdownNow();
    }

    /** The time of what waits comes, and the timer has not got round to it. */
    void isLate() {
      skew.addAndGet(Duration.ofSeconds(11).toNanos());
    }

    /** Runs what waits, as if its time had come. */
    public void fire() {
      List<Runnable> due;
      synchronized (this) {
        isLate();
        due = List.copyOf(tasks);
        tasks.clear();
      }
      due.forEach(Runnable::run);
    }
  }
}
