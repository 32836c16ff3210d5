package io.intrahub.transfer;

import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static io.intrahub.upstream.UpstreamResults.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.Deadline;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource.BreakAt;
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.ScriptedSource.GateAt;
import io.intrahub.transfer.ScriptedSource.Refuses;
import io.intrahub.transfer.ScriptedSource.WrongByteAt;
import io.intrahub.transfer.TransferRig.Got;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A crowd that can't be served from the store is served straight from upstream, few at a time. */
@Timeout(60)
class BrokenStoreTest {
  private static final int SIZE = 1_300_000;
  private static final byte[] BYTES = content(SIZE);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);

  /** The same bytes by a digest that does not reach beyond its repo. */
  private static final BlobId OTHER = TestBlobs.gitSha1(BYTES);

  private static final RepoId OTHER_REPO = new RepoId(RepoType.MODEL, "acme/other");
  private static final Span ALL = Span.all(SIZE);
  private static final Span PART = new Span(390_000, 100_000);
  private static final byte[] FEW = content(20_000);
  private static final BlobId SMALL = TestBlobs.gitSha1(FEW);
  private static final int CROWD = 24;

  /** At the same time: of four ways, those that are not for small contents alone. */
  private static final int WAYS = 3;

  private final TransferRig rig = new TransferRig();

  /** Of the one that comes first. */
  private final ScriptedSource source = new ScriptedSource(BYTES);

  /** Of the others: what goes past the store is told from the transfer by it. */
  private final ScriptedSource others = new ScriptedSource(BYTES);

  private final ScriptedSource smallSource = new ScriptedSource(FEW);
  private final Gate gate = new Gate();

  @AfterEach
  void nothing_leaks() {
    rig.timer.fire();
    rig.assertNothingLeaks(source, others, smallSource);
    rig.close();
  }

  private static byte[] part(Span span) {
    return Arrays.copyOfRange(BYTES, (int) span.offset(), (int) span.end());
  }

  private static void assertGot(CompletableFuture<Got> reader, Span span) throws Exception {
    Got got = get(reader);
    assertThat(got.complete()).isTrue();
    assertThat(Arrays.equals(got.bytes(), part(span))).isTrue();
  }

  private void awaitAllWaysTaken() {
    await()
        .untilAsserted(() -> {
          assertThat(rig.transfers.loads().passThrough()).isEqualTo(WAYS);
          assertThat(source.openStreams() + others.openStreams()).isEqualTo(WAYS);
        });
  }

  @Test
  void of_a_crowd_before_a_store_that_takes_nothing_few_go_past_it_at_a_time() throws Exception {
    rig.store.failBegin();
    others.always(new GateAt(300_000, gate));
    List<CompletableFuture<Got>> crowd = new ArrayList<>();
    for (int i = 0; i < CROWD; i++) {
      crowd.add(rig.readLater(BLOB, others, ALL));
    }
    await().until(() -> rig.meters.storeFailureCount() == CROWD);
    awaitAllWaysTaken();
    assertThat(crowd).noneMatch(CompletableFuture::isDone);

    gate.open();

    for (CompletableFuture<Got> reader : crowd) {
      assertGot(reader, ALL);
    }
    assertThat(others.mostStreams()).isEqualTo(WAYS);
    assertThat(others.opened()).isEqualTo(CROWD);
    assertThat(rig.store.begun()).isEqualTo(CROWD);
  }

  @Test
  void of_a_crowd_that_reads_when_the_disk_is_full_few_go_past_it_at_a_time() throws Exception {
    rig.store.failWriteAt(400_000);
    Gate fill = new Gate();
    source.on(1, new GateAt(300_000, fill)).on(2, new GateAt(420_000, gate));
    others.always(new GateAt(420_000, gate));
    List<CompletableFuture<Got>> crowd = new ArrayList<>();
    crowd.add(rig.readLater(BLOB, source, ALL));
    fill.awaitReached();
    for (int i = 1; i < CROWD; i++) {
      crowd.add(rig.readLater(BLOB, others, i % 3 == 0 ? PART : ALL));
    }
    await().until(() -> rig.transfers.progress().stream().anyMatch(p -> p.readers() == CROWD));
    assertThat(others.opened()).isZero();

    fill.open();
    awaitAllWaysTaken();
    assertThat(crowd).noneMatch(CompletableFuture::isDone);
    gate.open();

    assertGot(crowd.getFirst(), ALL);
    for (int i = 1; i < CROWD; i++) {
      assertGot(crowd.get(i), i % 3 == 0 ? PART : ALL);
    }
    assertThat(others.mostStreams()).isBetween(WAYS - 1, WAYS);
    assertThat(source.opened() + others.opened()).isEqualTo(1 + CROWD);
    assertThat(rig.meters.storeFailureCount()).isEqualTo(1);
    assertThat(rig.isStored(BLOB)).isFalse();
  }

  @Test
  void who_gives_up_makes_way_for_the_next() throws Exception {
    rig.store.failBegin();
    others.always(new GateAt(300_000, gate));
    List<ContentStream> first = new ArrayList<>();
    for (int i = 0; i < WAYS; i++) {
      first.add(rig.ready(BLOB, source, ALL).stream());
    }
    CompletableFuture<Got> next = rig.readLater(BLOB, others, ALL);
    await().until(() -> rig.store.begun() == WAYS + 1);
    assertThat(others.opened()).isZero();

    first.getLast().close();

    gate.awaitReached();
    assertThat(rig.transfers.loads().passThrough()).isEqualTo(WAYS);
    first.forEach(ContentStream::close);
    gate.open();
    assertGot(next, ALL);
  }

  @Test
  void small_contents_do_not_wait_behind_large_ones() throws Exception {
    rig.store.failBegin();
    others.always(new GateAt(300_000, gate));
    List<CompletableFuture<Got>> crowd = new ArrayList<>();
    for (int i = 0; i < CROWD; i++) {
      crowd.add(rig.readLater(BLOB, others, ALL));
    }
    awaitAllWaysTaken();

    for (int i = 0; i < 3; i++) {
      ContentStream small = rig.ready(SMALL, smallSource, Span.all(20_000)).stream();
      assertThat(TransferRig.gives(small, FEW)).isTrue();
    }

    assertThat(crowd).noneMatch(CompletableFuture::isDone);
    gate.open();
    for (CompletableFuture<Got> reader : crowd) {
      assertGot(reader, ALL);
    }
  }

  /** Its client has most of it. Were it to go on from there, it would keep wrong bytes for ever. */
  @Test
  void what_came_wrong_past_the_store_is_remembered() {
    others.on(1, new WrongByteAt(8)).on(2, new WrongByteAt(SIZE - 1));
    rig.store.failBegin();
    assertThat(TransferRig.read(rig.ready(BLOB, others, ALL).stream()).complete()).isFalse();
    assertThat(rig.transfers.recentlyWrong(TransferRig.mayRead(BLOB))).isTrue();

    UpstreamResult<OpenedContent> opening =
        rig.transfers.passThrough(
            OTHER_REPO, others, OTHER, ALL, true, "", Deadline.in(Duration.ofSeconds(20)));
    assertThat(rig.transfers.recentlyWrong(OTHER_REPO, OTHER)).isFalse();
    assertThat(TransferRig.read(value(opening).stream()).complete()).isFalse();
    assertThat(rig.transfers.recentlyWrong(OTHER_REPO, OTHER)).isTrue();
    assertThat(rig.transfers.recentlyWrong(TransferRig.mayRead(OTHER))).isFalse();
  }

  /** Whoever has a token for a repo that claims this digest could slow down all others. */
  @Test
  void what_comes_wrong_from_a_repo_that_is_not_kept_is_held_against_that_repo_alone() {
    others.on(1, new WrongByteAt(8));
    UpstreamResult<OpenedContent> opening =
        rig.transfers.passThrough(
            OTHER_REPO, others, BLOB, ALL, true, "", Deadline.in(Duration.ofSeconds(20)));
    assertThat(TransferRig.read(value(opening).stream()).complete()).isFalse();

    assertThat(rig.transfers.recentlyWrong(OTHER_REPO, BLOB)).isTrue();
    assertThat(rig.transfers.recentlyWrong(TransferRig.mayRead(BLOB))).isFalse();
  }

  /** A connection that is in use when its source hears of it would be used again. */
  @Test
  void the_connection_of_what_came_wrong_is_closed_before_its_source_is_told() {
    rig.store.failBegin();
    others.on(1, new WrongByteAt(8));
    List<Integer> open = new ArrayList<>();
    UpstreamResult<OpenedContent> opening =
        rig.open(BLOB, telling(others, () -> open.add(others.openStreams())), ALL);
    assertThat(TransferRig.read(value(opening).stream()).complete()).isFalse();
    assertThat(open).containsExactly(0);
  }

  /** As when its thread is stopped while it rests between bytes. */
  @Test
  void the_bytes_of_a_read_that_failed_are_not_delivered_twice() {
    rig.store.failBegin();
    AtomicBoolean failed = new AtomicBoolean();
    BlobSource failing =
        span ->
            others
                .open(span)
                .map(opened ->
                    new BlobSource.Opened(
                        new FailingOnce(opened.stream(), failed), opened.ranged()));
    assertThat(TransferRig.gives(rig.ready(BLOB, failing, ALL).stream(), BYTES)).isTrue();
    assertThat(others.opened()).isEqualTo(2);
  }

  private record FailingOnce(BlobSource.Stream stream, AtomicBoolean failed)
      implements BlobSource.Stream {
    @Override
    public int read(ByteBuffer into) throws IOException {
      int read = stream.read(into);
      if (failed.compareAndSet(false, true)) {
        throw new IOException("stopped behind the bytes");
      }
      return read;
    }

    @Override
    public void close() {
      stream.close();
    }
  }

  /** Another may have begun it. */
  @Test
  void who_sent_wrong_bytes_into_the_store_is_told_and_nobody_else() {
    source.on(1, new Refuses());
    // Else it may be known to be wrong before its reader looks, which is then served anew.
    others.on(1, new WrongByteAt(8), new GateAt(SIZE - 1, gate));
    List<String> told = new ArrayList<>();
    assertThat(rig.open(BLOB, telling(source, () -> told.add("beginner")), ALL))
        .isInstanceOf(UpstreamResult.Refused.class);

    ContentStream stream = rig.ready(BLOB, telling(others, () -> told.add("sender")), ALL).stream();
    gate.open();

    assertThat(TransferRig.read(stream).complete()).isFalse();
    assertThat(told).containsExactly("sender");
  }

  /** A source that says so when it is told that its bytes were wrong. */
  private static BlobSource telling(ScriptedSource source, Runnable told) {
    return new BlobSource() {
      @Override
      public UpstreamResult<Opened> open(Span span) {
        return source.open(span);
      }

      @Override
      public void reportWrongContent() {
        told.run();
      }
    };
  }

  @Test
  void what_there_is_no_room_for_goes_past_the_store() throws Exception {
    rig.store.failReserve();

    for (int i = 1; i <= 3; i++) {
      OpenedContent ready = rig.ready(BLOB, source, ALL);
      assertThat(ready.origin()).isEqualTo(OpenedContent.Origin.UPSTREAM);
      assertThat(ready.verified()).isTrue();
      assertThat(TransferRig.gives(ready.stream(), BYTES)).isTrue();
      assertThat(rig.meters.storeFailureCount()).isEqualTo(i);
    }
    assertThat(TransferRig.gives(rig.ready(SMALL, smallSource, Span.all(20_000)).stream(), FEW))
        .isTrue();

    assertThat(source.spans()).containsExactly(ALL, ALL, ALL);
    assertThat(smallSource.opened()).isEqualTo(1);
    rig.timer.fire();
    rig.assertNothingLeaks(source, smallSource);
    assertThat(rig.isStored(BLOB)).isFalse();
    assertThat(rig.isStored(SMALL)).isFalse();
  }

  @Test
  void a_size_that_can_not_be_is_a_broken_download_and_no_fault_of_the_mirror() {
    source.always(new BreakAt(SIZE));
    BlobId absurd = new BlobId(BLOB.digest(), Long.MAX_VALUE);
    ContentStream stream = rig.ready(absurd, source, Span.all(Long.MAX_VALUE)).stream();
    assertThat(TransferRig.read(stream).complete()).isFalse();
  }

  /** Its client takes the content for complete with it, and what the client has may be right. */
  @Test
  void the_rest_of_a_content_is_checked_too() {
    Span rest = new Span(SIZE - 500_000, 500_000);
    rig.store.failBegin();

    OpenedContent ready = rig.ready(BLOB, source, rest);
    assertThat(ready.origin()).isEqualTo(OpenedContent.Origin.UPSTREAM);
    assertThat(ready.verified()).isTrue();
    assertThat(ready.stream().isAwaited()).as("its first byte is long in coming").isTrue();
    assertThat(TransferRig.gives(ready.stream(), part(rest))).isTrue();
    assertThat(source.spans()).containsExactly(ALL);
  }

  @Test
  void a_wrong_rest_does_not_complete_nor_does_one_behind_a_wrong_beginning() {
    Span rest = new Span(SIZE - 500_000, 500_000);
    rig.store.failBegin();
    others.on(1, new WrongByteAt(SIZE - 1)).on(2, new WrongByteAt(8));
    for (int i = 0; i < 2; i++) {
      Got got = TransferRig.read(rig.ready(BLOB, others, rest).stream());
      assertThat(got.complete()).isFalse();
      assertThat(got.bytes().length).isLessThan(500_000);
    }
  }

  /** Its client takes the content for complete with it. */
  @Test
  void the_rest_of_a_content_that_is_not_kept_is_checked_with_all_before_it() {
    Span rest = new Span(SIZE - 500_000, 500_000);
    UpstreamResult<OpenedContent> opening =
        rig.transfers.passThrough(
            OTHER_REPO, others, OTHER, rest, true, "", Deadline.in(Duration.ofSeconds(20)));
    assertThat(opening).isInstanceOf(UpstreamResult.Value.class);
    assertThat(value(opening).verified()).isTrue();
    assertThat(TransferRig.gives(value(opening).stream(), part(rest))).isTrue();
    assertThat(others.spans()).containsExactly(ALL);
  }

  @Test
  void the_rest_of_a_content_that_is_not_kept_never_completes_with_wrong_bytes() {
    others.on(1, new WrongByteAt(8));
    Span rest = new Span(SIZE - 500_000, 500_000);
    UpstreamResult<OpenedContent> opening =
        rig.transfers.passThrough(
            OTHER_REPO, others, OTHER, rest, true, "", Deadline.in(Duration.ofSeconds(20)));
    assertThat(TransferRig.read(value(opening).stream()).complete()).isFalse();
  }

  @Test
  void so_does_a_part() throws Exception {
    rig.store.failReserve();
    OpenedContent ready = rig.ready(BLOB, source, PART);
    assertThat(ready.origin()).isEqualTo(OpenedContent.Origin.UPSTREAM);
    assertThat(ready.verified()).isFalse();
    assertThat(TransferRig.read(ready.stream()).bytes()).isEqualTo(part(PART));
    assertThat(source.spans()).containsExactly(PART);
    rig.assertNothingLeaks(source);
    assertThat(rig.meters.storeFailureCount()).isEqualTo(1);
  }

  @Test
  void who_has_room_reads_on_when_another_gets_none() throws Exception {
    source.on(1, new GateAt(450_000, gate));
    ContentStream reading = rig.ready(BLOB, source, PART).stream();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(reading), rig.threads);
    gate.awaitReached();
    rig.store.failReserve();

    OpenedContent whole = rig.ready(BLOB, others, ALL);
    assertThat(whole.origin()).isEqualTo(OpenedContent.Origin.UPSTREAM);
    assertThat(TransferRig.gives(whole.stream(), BYTES)).isTrue();

    gate.open();
    assertGot(reader, PART);
    assertThat(source.opened()).isEqualTo(1);
    assertThat(others.opened()).isEqualTo(1);
  }

  @Test
  void when_there_is_room_again_it_is_stored() {
    rig.store.failReserve();
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
    rig.store.heal();

    OpenedContent ready = rig.ready(BLOB, source, ALL);

    assertThat(ready.origin()).isEqualTo(OpenedContent.Origin.TRANSFER);
    assertThat(TransferRig.gives(ready.stream(), BYTES)).isTrue();
    rig.assertNothingLeaks(source);
    assertThat(rig.isStored(BLOB)).isTrue();
  }
}
