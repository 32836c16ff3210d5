package io.intrahub.transfer;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.transfer.TransferRig.HELD;
import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.Deadline;
import io.intrahub.cli.Wiring;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.TestBlobs;
import io.intrahub.testing.SettableClock;
import io.intrahub.testing.TestWiring;
import io.intrahub.transfer.ScriptedSource.BreakAt;
import io.intrahub.transfer.ScriptedSource.Fails;
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.ScriptedSource.GateAt;
import io.intrahub.transfer.ScriptedSource.Refuses;
import io.intrahub.transfer.ScriptedSource.WrongByteAt;
import io.intrahub.transfer.TransferRig.Got;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.UpstreamResult;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole contents: fetched once, read by many, never completed wrong. */
@Timeout(60)
class SingleTransferTest {
  private static final int LARGE = 1_300_000;
  private static final byte[] BYTES = content(LARGE);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);
  private static final Span ALL = Span.all(LARGE);

  private static final byte[] FEW = content(20_000);
  private static final BlobId SMALL = TestBlobs.gitSha1(FEW);

  private final TransferRig rig = new TransferRig();
  private final ScriptedSource source = new ScriptedSource(BYTES);
  private final ScriptedSource smallSource = new ScriptedSource(FEW);

  @AfterEach
  void nothing_leaks() {
    rig.timer.fire();
    rig.assertNothingLeaks(source, smallSource);
    rig.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 32, 500})
  void many_readers_cost_one_download(int readers) throws Exception {
    Gate gate = new Gate();
    source.always(new GateAt(300_000, gate));
    CountDownLatch opened = new CountDownLatch(readers);
    List<CompletableFuture<Boolean>> all = new ArrayList<>();
    for (int i = 0; i < readers; i++) {
      all.add(
          CompletableFuture.supplyAsync(
              () -> {
                OpenedContent ready = rig.ready(BLOB, source, ALL);
                assertThat(ready.origin()).isEqualTo(OpenedContent.Origin.TRANSFER);
                assertThat(ready.verified()).isTrue();
                opened.countDown();
                return TransferRig.gives(ready.stream(), BYTES);
              },
              rig.threads));
    }
    opened.await();
    gate.open();
    for (CompletableFuture<Boolean> one : all) {
      assertThat(get(one)).isTrue();
    }
    assertThat(source.spans()).containsExactly(ALL);
    rig.assertNothingLeaks(source);
    OpenedContent hit = rig.ready(BLOB, source, ALL);
    assertThat(hit.origin()).isEqualTo(OpenedContent.Origin.STORE);
    assertThat(TransferRig.read(hit.stream()).bytes()).isEqualTo(BYTES);
    assertThat(source.opened()).isEqualTo(1);
  }

  @Test
  void the_first_byte_reaches_every_reader_before_upstream_goes_on() throws Exception {
    Gate gate = new Gate();
    source.always(new GateAt(1, gate));
    List<ContentStream> streams = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      ContentStream stream = rig.ready(BLOB, source, ALL).stream();
      ByteBuffer one = ByteBuffer.allocate(100);
      assertThat(stream.read(one)).isEqualTo(1);
      assertThat(one.get(0)).isEqualTo(BYTES[0]);
      streams.add(stream);
    }
    gate.open();
    for (ContentStream stream : streams) {
      assertThat(TransferRig.read(stream).bytes()).hasSize(LARGE - 1);
    }
  }

  @Test
  void the_end_waits_until_the_last_byte_is_in_and_right() throws Exception {
    Gate gate = new Gate();
    source.always(new GateAt(LARGE - 1, gate));
    AtomicLong count = new AtomicLong();
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(stream, count), rig.threads);
    gate.awaitReached();
    await().until(() -> count.get() >= LARGE - HELD);
    assertThat(count).hasValue(LARGE - HELD);
    assertThat(reader).isNotDone();
    gate.open();
    assertThat(get(reader).bytes()).isEqualTo(BYTES);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 700_000, LARGE - 1})
  void a_wrong_byte_keeps_every_reader_from_the_end(int wrong) throws Exception {
    Gate gate = new Gate();
    source.always(new WrongByteAt(wrong), new GateAt(LARGE - 1, gate));
    List<CompletableFuture<Got>> all = new ArrayList<>();
    for (long offset : new long[] {0, 0, 500_000, LARGE - HELD - 1, LARGE - HELD, LARGE - 1}) {
      ContentStream stream = rig.ready(BLOB, source, new Span(offset, LARGE - offset)).stream();
      all.add(CompletableFuture.supplyAsync(() -> TransferRig.read(stream), rig.threads));
    }
    gate.open();
    List<Integer> sizes = new ArrayList<>();
    for (CompletableFuture<Got> one : all) {
      assertThat(get(one).complete()).isFalse();
      sizes.add(get(one).bytes().length);
    }
    int held = LARGE - (int) HELD;
    int[] most = {held, held, held - 500_000, 1, 0, 0};
    for (int i = 0; i < most.length; i++) {
      assertThat(sizes.get(i)).isLessThanOrEqualTo(most[i]);
    }
    rig.assertNothingLeaks(source);
    assertThat(rig.isStored(BLOB)).isFalse();
  }

  @Test
  void after_a_wrong_content_the_next_one_gets_the_right_one() {
    Gate gate = new Gate();
    source.on(1, new WrongByteAt(7), new GateAt(LARGE - 1, gate));
    ContentStream first = rig.ready(BLOB, source, ALL).stream();
    gate.open();
    assertThat(TransferRig.read(first).complete()).isFalse();
    Got got = rig.readNow(BLOB, source, ALL);
    assertThat(got.complete()).isTrue();
    assertThat(got.bytes()).isEqualTo(BYTES);
  }

  @Test
  void a_small_file_that_stays_wrong_is_a_clean_error() {
    for (int i = 1; i <= 4; i++) {
      smallSource.on(i, new WrongByteAt(i));
    }
    assertThat(rig.open(SMALL, smallSource, Span.all(20_000)))
        .isInstanceOf(UpstreamResult.Failed.class);
    assertThat(rig.open(SMALL, smallSource, new Span(5, 10)))
        .isInstanceOf(UpstreamResult.Failed.class);
    assertThat(smallSource.opened()).isEqualTo(4);
    assertThat(rig.isStored(SMALL)).isFalse();
    assertThat(rig.readNow(SMALL, smallSource, new Span(5, 10)).bytes())
        .isEqualTo(Arrays.copyOfRange(FEW, 5, 15));
    assertThat(rig.readNow(SMALL, smallSource, Span.all(20_000)).bytes()).isEqualTo(FEW);
    assertThat(smallSource.opened()).isEqualTo(5);
  }

  @Test
  void a_small_file_that_comes_wrong_once_is_fetched_again_and_nobody_notices() {
    smallSource.on(1, new WrongByteAt(19_999));
    assertThat(rig.readNow(SMALL, smallSource, Span.all(20_000)).bytes()).isEqualTo(FEW);
    assertThat(smallSource.opened()).isEqualTo(2);
  }

  @Test
  void a_broken_connection_goes_on_at_the_same_byte() {
    source.on(1, new BreakAt(400_000)).on(2, new BreakAt(1_000_000)).on(3, new BreakAt(LARGE - 1));
    assertThat(rig.readNow(BLOB, source, ALL).bytes()).isEqualTo(BYTES);
    assertThat(source.spans())
        .containsExactly(
            ALL,
            new Span(400_000, LARGE - 400_000),
            new Span(1_000_000, LARGE - 1_000_000),
            new Span(LARGE - 1, 1));
  }

  @Test
  void progress_begins_the_tries_anew() {
    for (int i = 1; i <= 12; i++) {
      source.on(i, new BreakAt(i * 100_000L));
    }
    assertThat(rig.readNow(BLOB, source, ALL).bytes()).isEqualTo(BYTES);
    assertThat(source.opened()).isEqualTo(13);
  }

  /** Reads all; the transfer does not go past this byte before the reader is there. */
  private Got readFrom(long offset) {
    Gate gate = new Gate();
    source.on(1, new GateAt(offset, gate));
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    gate.open();
    return TransferRig.read(stream);
  }

  @Test
  void without_progress_it_gives_up_after_some_tries() {
    source.always(new BreakAt(600_000));
    Got got = readFrom(100_000);
    assertThat(got.complete()).isFalse();
    assertThat(got.bytes()).hasSize(600_000);
    // On a slow machine a second connection may fetch what lies behind, which counts as progress.
    assertThat(source.spans()).filteredOn(span -> span.offset() == 600_000).hasSizeBetween(3, 6);
  }

  /** The source itself has tried again what may pass. */
  @Test
  void an_upstream_that_fails_at_once_is_an_error_at_once() {
    source.on(1, new Fails()).on(2, new Refuses());
    assertThat(rig.open(BLOB, source, ALL)).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(rig.open(BLOB, source, ALL)).isInstanceOf(UpstreamResult.Refused.class);
    assertThat(source.opened()).isEqualTo(2);
    assertThat(rig.readNow(BLOB, source, ALL).bytes()).isEqualTo(BYTES);
  }

  @Test
  void a_connection_that_breaks_before_the_first_byte_is_made_anew() {
    source.on(1, new BreakAt(0)).on(2, new BreakAt(0));
    assertThat(rig.readNow(BLOB, source, ALL).bytes()).isEqualTo(BYTES);
    assertThat(source.opened()).isEqualTo(3);
  }

  @Test
  void a_refusal_in_the_middle_ends_the_response() {
    source.on(1, new BreakAt(500_000)).on(2, new Refuses());
    Got got = readFrom(100_000);
    assertThat(got.complete()).isFalse();
    assertThat(got.bytes()).hasSize(500_000);
  }

  @Test
  void an_empty_file_costs_nothing_but_must_be_one() {
    BlobId empty = TestBlobs.gitSha1(new byte[0]);
    assertThat(rig.readNow(empty, source, Span.all(0)).bytes()).isEmpty();
    assertThat(rig.isStored(empty)).isTrue();
    BlobId wrong = new BlobId(BLOB.digest(), 0);
    assertThat(rig.open(wrong, source, Span.all(0))).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(source.opened()).isZero();
  }

  /** SHA-1 collisions must not cross repos; a sha256 is the same everywhere. */
  @Test
  void lfs_contents_are_shared_by_repos_and_others_are_not() {
    RepoId other = new RepoId(RepoType.DATASET, "acme/x");
    rig.readNow(BLOB, source, ALL);
    rig.readNow(SMALL, smallSource, Span.all(20_000));
    rig.assertNothingLeaks();
    assertThat(rig.transfers.isStored(everybody(other, BLOB))).isTrue();
    assertThat(rig.transfers.isStored(everybody(other, SMALL))).isFalse();
    assertThat(SMALL.digest()).isInstanceOf(Digest.GitSha1.class);
  }

  @Test
  void an_executor_that_rejects_leaves_nothing_behind() {
    Transfers stopped =
        TestWiring.of(
                TestWiring.settings(TestWiring.OFFLINE),
                Wiring.Environment.of(
                    new SettableClock(),
                    task -> {
                      throw new RejectedExecutionException("stopped");
                    },
                    rig.timer))
            .transfers(rig.store, rig.store);
    for (int i = 0; i < 2; i++) {
      assertThat(
              stopped.open(
                  TransferRig.mayRead(BLOB), source, ALL, true, Deadline.in(Duration.ofSeconds(8))))
          .isInstanceOf(UpstreamResult.Failed.class);
    }
    assertThat(stopped.running()).isZero();
  }

  @Test
  void one_who_closes_twice_leaves_once() throws Exception {
    Gate gate = new Gate();
    source.always(new GateAt(100_000, gate));
    ContentStream twice = rig.ready(BLOB, source, ALL).stream();
    ContentStream other = rig.ready(BLOB, source, ALL).stream();
    twice.close();
    twice.close();
    assertThat(rig.timer.waiting()).isZero();
    gate.open();
    await().pollInterval(Duration.ofMillis(1)).until(() -> rig.isStored(BLOB));
    assertThat(TransferRig.read(other).bytes()).isEqualTo(BYTES);
  }
}
