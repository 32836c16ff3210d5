package io.intrahub.transfer;

import static io.intrahub.upstream.UpstreamResults.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.Deadline;
import io.intrahub.cli.Wiring;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.TestWiring;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.transfer.content.StoredStream;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients get of a large blob that a crash left in doubt. */
final class SuspectBlobTest {
  private static final int SIZE = 3 << 20;
  private static final byte[] CONTENT = TransferRig.content(SIZE);
  private static final BlobId BLOB = TestBlobs.sha256(CONTENT);
  private static final ByteRange.Span ALL = ByteRange.Span.all(SIZE);

  @TempDir Path folder;

  private final Queue<Runnable> checks = new ConcurrentLinkedQueue<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private FsStore store;
  private Transfers transfers;

  @BeforeEach
  void open() throws Exception {
    store = openStore();
    TestBlobs.publish(store, TransferRig.REPO, BLOB, CONTENT);
    store.close();
    // What a process that is killed leaves behind.
    Files.createFile(folder.resolve("running"));
  }

  private FsStore openStore() throws Exception {
    return FsStore.open(folder, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, checks::add);
  }

  private void start() throws Exception {
    store = openStore();
    transfers =
        TestWiring.of(
                TestWiring.settings(TestWiring.OFFLINE),
                Wiring.Environment.of(Clock.systemUTC(), threads, timer))
            .transfers(store.published(), store.scratch());
  }

  @AfterEach
  void close() {
    transfers.close();
    store.close();
    threads.shutdownNow();
    timer.shutdownNow();
  }

  private void damage() throws IOException {
    String hex = BLOB.digest().hex();
    Path file = folder.resolve("blobs/sha256").resolve(hex.substring(0, 2)).resolve(hex);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    byte[] wrong = CONTENT.clone();
    wrong[SIZE / 2] ^= 1;
    Files.write(file, wrong);
  }

  private OpenedContent ready(ByteRange.Span span, ScriptedSource source) {
    UpstreamResult<OpenedContent> opening =
        transfers.open(
            TransferRig.mayRead(BLOB),
            source,
            span,
            span.end() == SIZE,
            Deadline.in(Duration.ofSeconds(20)));
    assertThat(opening).isInstanceOf(UpstreamResult.Value.class);
    return value(opening);
  }

  private void check() {
    for (Runnable task = checks.poll(); task != null; task = checks.poll()) {
      task.run();
    }
  }

  /** Ten clients, each with all but the end, which waits for the check. */
  private List<CompletableFuture<TransferRig.Got>> tenWaiting(ScriptedSource source) {
    List<AtomicLong> counts = new ArrayList<>();
    List<CompletableFuture<TransferRig.Got>> clients = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      AtomicLong count = new AtomicLong();
      counts.add(count);
      OpenedContent ready = ready(ALL, source);
      assertThat(ready.origin()).isEqualTo(OpenedContent.Origin.STORE);
      assertThat(ready.verified()).isTrue();
      clients.add(
          CompletableFuture.supplyAsync(() -> TransferRig.read(ready.stream(), count), threads));
    }
    await().until(() -> counts.stream().allMatch(c -> c.get() >= SIZE - TransferRig.HELD));
    assertThat(clients).noneMatch(CompletableFuture::isDone);
    assertThat(checks).as("one for all").hasSize(1);
    return clients;
  }

  @Test
  void ten_clients_get_their_bytes_at_once_and_the_end_after_one_check() throws Exception {
    start();
    ScriptedSource source = new ScriptedSource(CONTENT);
    List<CompletableFuture<TransferRig.Got>> clients = tenWaiting(source);
    check();
    for (CompletableFuture<TransferRig.Got> client : clients) {
      TransferRig.Got got = TransferRig.get(client);
      assertThat(got.complete()).isTrue();
      assertThat(got.bytes()).isEqualTo(CONTENT);
    }
    assertThat(source.opened()).isZero();
  }

  @Test
  void a_wrong_one_completes_for_nobody_and_the_next_client_gets_it_anew() throws Exception {
    damage();
    start();
    ScriptedSource source = new ScriptedSource(CONTENT);
    OpenedContent part = ready(new ByteRange.Span(0, 10), source);
    assertThat(part.verified()).as("its end goes out before the check").isFalse();
    assertThat(TransferRig.read(part.stream()).complete()).isTrue();
    List<CompletableFuture<TransferRig.Got>> clients = tenWaiting(source);
    check();
    for (CompletableFuture<TransferRig.Got> client : clients) {
      TransferRig.Got got = TransferRig.get(client);
      assertThat(got.complete()).isFalse();
      assertThat(got.bytes().length).isLessThan(SIZE);
    }
    assertThat(transfers.recentlyWrong(TransferRig.mayRead(BLOB)))
        .as("a client that goes on from its byte gets the whole")
        .isTrue();
    OpenedContent next = ready(ALL, source);
    assertThat(next.origin()).isEqualTo(OpenedContent.Origin.TRANSFER);
    assertThat(TransferRig.gives(next.stream(), CONTENT)).isTrue();
  }

  /** A check that is still not over when it was waited for some times. */
  private static final class SlowCheck extends CompletableFuture<StoredBlob.Check> {
    private int waits;

    SlowCheck(int waits) {
      this.waits = waits;
    }

    @Override
    public StoredBlob.Check get(long timeout, TimeUnit unit)
        throws InterruptedException, ExecutionException, TimeoutException {
      if (waits > 0) {
        waits--;
        throw new TimeoutException();
      }
      complete(StoredBlob.Check.RIGHT);
      return super.get(timeout, unit);
    }
  }

  private record Doubtful(SlowCheck check) implements StoredBlob {
    @Override
    public long size() {
      return SIZE;
    }

    @Override
    public int read(ByteBuffer into, long position) {
      int count = Math.min(into.remaining(), (int) (SIZE - position));
      into.put(CONTENT, (int) position, count);
      return count;
    }

    @Override
    public void close() {}
  }

  @Test
  void a_held_byte_goes_out_now_and_then_and_the_last_one_never() throws Exception {
    start();
    SlowCheck check = new SlowCheck(1000);
    ByteRange.Span span = new ByteRange.Span(SIZE - 100, 100);
    StoredStream stream = new StoredStream(new Doubtful(check), span, true, Duration.ofSeconds(3));
    ByteBuffer into = ByteBuffer.allocate(100);
    for (int i = 1; i <= 99; i++) {
      stream.await();
      assertThat(stream.read(into)).isEqualTo(1);
      assertThat(check.waits).as("one wait for a byte").isEqualTo(1000 - i);
    }
    stream.await();
    assertThat(check.isDone()).as("no wait is long enough for the last byte").isTrue();
    assertThat(stream.read(into)).isEqualTo(1);
    assertThat(stream.read(into)).isEqualTo(-1);
    assertThat(into.array()).isEqualTo(Arrays.copyOfRange(CONTENT, SIZE - 100, SIZE));
  }
}
