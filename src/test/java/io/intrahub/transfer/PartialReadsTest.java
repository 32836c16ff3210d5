package io.intrahub.transfer;

import static io.intrahub.transfer.TransferRig.HELD;
import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static io.intrahub.upstream.UpstreamResults.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.TestBlobs;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Parts of contents, near the bytes being fetched, ahead of them and without a transfer. */
@Timeout(60)
class PartialReadsTest {
  private static final int SIZE = 7_000_000;
  private static final byte[] BYTES = content(SIZE);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);
  private static final Span ALL = Span.all(SIZE);
  private static final int PIECE = PartialBlob.PIECE;

  /** Further than 4 MiB ahead of a transfer that stands at 100,000. */
  private static final int FAR = 6_000_000;

  private final TransferRig rig = new TransferRig();
  private final ScriptedSource source = new ScriptedSource(BYTES);

  @AfterEach
  void nothing_leaks() {
    rig.timer.fire();
    rig.assertNothingLeaks(source);
    rig.close();
  }

  private static byte[] part(Span span) {
    return Arrays.copyOfRange(BYTES, (int) span.offset(), (int) span.end());
  }

  @Test
  void a_look_at_the_header_of_a_missing_file_does_not_fetch_it() {
    Span header = new Span(0, 100_001);
    OpenedContent ready = rig.ready(BLOB, source, header);
    assertThat(ready.verified()).isFalse();
    assertThat(TransferRig.read(ready.stream()).bytes()).isEqualTo(part(header));
    rig.timer.fire();
    assertThat(source.spans()).containsExactly(new Span(0, PIECE));
    rig.assertNothingLeaks(source);
    assertThat(source.spans()).hasSize(1);
  }

  /** Each try sets room aside; what it did not write must not be set aside for ever. */
  @Test
  void room_that_a_broken_connection_did_not_use_is_given_back() {
    Span part = new Span(0, 2_000_000);
    source.on(1, new BreakAt(700_000)).on(2, new BreakAt(1_400_000)).on(3, new Fails());
    assertThat(rig.readNow(BLOB, source, part).bytes()).isEqualTo(part(part));
    await().untilAsserted(() -> assertThat(source.openStreams()).isZero());
    await().untilAsserted(() -> assertThat(rig.reserved()).isZero());
    assertThat(rig.store.leaked()).as("still open").isEqualTo(1);
  }

  @Test
  void a_part_that_was_fetched_is_kept() {
    Span header = new Span(0, 100_001);
    rig.readNow(BLOB, source, header);
    assertThat(rig.readNow(BLOB, source, new Span(5, 200_000)).bytes())
        .isEqualTo(part(new Span(5, 200_000)));
    rig.timer.fire();
    rig.assertNothingLeaks(source);
    assertThat(rig.readNow(BLOB, source, new Span(7, 100)).bytes())
        .isEqualTo(part(new Span(7, 100)));
    assertThat(source.spans()).containsExactly(new Span(0, PIECE));
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
    assertThat(source.spans()).containsExactly(new Span(0, PIECE), new Span(PIECE, SIZE - PIECE));
  }

  /** Polars begins each file so, to read a footer. */
  @Test
  void a_last_part_that_completes_nothing_neither_fetches_nor_waits_for_the_whole() {
    Span footer = new Span(SIZE - 262_144, 262_144);
    OpenedContent ready = value(rig.open(BLOB, source, footer, false));
    assertThat(ready.verified()).isFalse();
    assertThat(TransferRig.read(ready.stream()).bytes()).isEqualTo(part(footer));
    rig.timer.fire();
    rig.assertNothingLeaks(source);
    long start = footer.offset() / PIECE * PIECE;
    assertThat(source.spans()).containsExactly(new Span(start, SIZE - start));
  }

  @Test
  void a_part_that_cannot_be_had_is_an_error_before_the_head() {
    source.on(1, new Fails()).on(2, new Refuses());
    assertThat(rig.open(BLOB, source, new Span(5, 5))).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(rig.open(BLOB, source, new Span(5, 5))).isInstanceOf(UpstreamResult.Refused.class);
  }

  @Test
  void a_part_of_a_stored_file_comes_from_the_store() {
    rig.readNow(BLOB, source, ALL);
    rig.assertNothingLeaks();
    for (Span span : new Span[] {new Span(0, 1), new Span(5_000, 70_000), new Span(SIZE - 1, 1)}) {
      OpenedContent ready = rig.ready(BLOB, source, span);
      assertThat(ready.origin()).isEqualTo(OpenedContent.Origin.STORE);
      assertThat(ready.verified()).isTrue();
      assertThat(TransferRig.read(ready.stream()).bytes()).isEqualTo(part(span));
    }
    assertThat(source.opened()).isEqualTo(1);
  }

  /** One who is promised a right content and one who is not must be told apart. */
  @Test
  void a_part_that_reads_along_is_on_upstreams_word() throws Exception {
    Gate gate = new Gate();
    source.on(1, new GateAt(200_000, gate));
    ContentStream whole = rig.ready(BLOB, source, ALL).stream();
    Span near = new Span(150_000, 100_000);
    OpenedContent part = rig.ready(BLOB, source, near);
    assertThat(part.verified()).isFalse();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(part.stream()), rig.threads);
    gate.open();
    assertThat(get(reader).bytes()).isEqualTo(part(near));
    assertThat(TransferRig.gives(whole, BYTES)).isTrue();
    assertThat(source.opened()).isEqualTo(1);
  }

  @Test
  void a_part_far_ahead_does_not_wait_for_the_bytes_before_it() throws Exception {
    Gate gate = new Gate();
    source.on(1, new GateAt(100_000, gate));
    ContentStream whole = rig.ready(BLOB, source, ALL).stream();
    Span far = new Span(FAR, 300_000);
    assertThat(rig.readNow(BLOB, source, far).bytes()).isEqualTo(part(far));
    long start = FAR / PIECE * PIECE;
    long stop = (FAR + 300_000 + PIECE - 1) / PIECE * PIECE;
    assertThat(source.spans()).containsExactly(ALL, new Span(start, stop - start));
    gate.open();
    assertThat(TransferRig.gives(whole, BYTES)).isTrue();
  }

  @Test
  void a_resumed_download_runs_ahead_but_its_end_waits_for_the_digest() throws Exception {
    Gate gate = new Gate();
    source.on(1, new GateAt(100_000, gate));
    ContentStream whole = rig.ready(BLOB, source, ALL).stream();
    AtomicLong count = new AtomicLong();
    Span rest = new Span(FAR, SIZE - FAR);
    ContentStream resumed = rig.ready(BLOB, source, rest).stream();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(resumed, count), rig.threads);
    await().until(() -> count.get() >= rest.length() - HELD);
    assertThat(count).hasValue(rest.length() - HELD);
    assertThat(reader).isNotDone();
    gate.open();
    assertThat(get(reader).bytes()).isEqualTo(part(rest));
    long start = FAR / PIECE * PIECE;
    assertThat(source.spans()).containsExactly(ALL, new Span(start, SIZE - start));
    assertThat(TransferRig.gives(whole, BYTES)).isTrue();
  }

  @Test
  void a_wrong_byte_that_ran_ahead_keeps_everybody_from_the_end() throws Exception {
    Gate gate = new Gate();
    source.on(1, new GateAt(100_000, gate)).on(2, new WrongByteAt(FAR + 7));
    ContentStream whole = rig.ready(BLOB, source, ALL).stream();
    AtomicLong count = new AtomicLong();
    Span rest = new Span(FAR, SIZE - FAR);
    ContentStream resumed = rig.ready(BLOB, source, rest).stream();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(resumed, count), rig.threads);
    await().until(() -> count.get() >= rest.length() - HELD);
    gate.open();
    assertThat(get(reader).complete()).isFalse();
    assertThat(get(reader).bytes()).hasSize((int) (rest.length() - HELD));
    assertThat(TransferRig.gives(whole, BYTES)).isFalse();
    rig.assertNothingLeaks(source);
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
  }

  @Test
  void wrong_content_keeps_the_resumed_download_from_its_end() throws Exception {
    Gate gate = new Gate();
    source.on(1, new GateAt(100_000, gate), new WrongByteAt(200_000));
    ContentStream whole = rig.ready(BLOB, source, ALL).stream();
    Span rest = new Span(FAR, SIZE - FAR);
    ContentStream resumed = rig.ready(BLOB, source, rest).stream();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(resumed), rig.threads);
    gate.open();
    assertThat(get(reader).complete()).isFalse();
    assertThat(get(reader).bytes().length).isLessThanOrEqualTo((int) (rest.length() - HELD));
    assertThat(TransferRig.gives(whole, BYTES)).isFalse();
    assertThat(rig.isStored(BLOB)).isFalse();
  }

  /** Ollama's pattern: a large file in sixteen parts at once. */
  @Test
  void sixteen_parts_at_once_all_begin_at_once() throws Exception {
    Gate gate = new Gate();
    source.on(1, new GateAt(1, gate));
    int part = SIZE / 16 / PIECE * PIECE + PIECE;
    List<CompletableFuture<Got>> readers = new ArrayList<>();
    List<Span> spans = new ArrayList<>();
    for (int from = 0; from < SIZE; from += part) {
      Span span = new Span(from, Math.min(part, SIZE - from));
      spans.add(span);
      UpstreamResult<OpenedContent> opening = rig.open(BLOB, source, span, false);
      readers.add(
          CompletableFuture.supplyAsync(
              () -> TransferRig.read(value(opening).stream()), rig.threads));
      if (from == 0) {
        gate.awaitReached();
      }
    }
    for (int i = 1; i < readers.size(); i++) {
      assertThat(get(readers.get(i)).bytes()).isEqualTo(part(spans.get(i)));
    }
    assertThat(readers.getFirst()).isNotDone();
    gate.open();
    assertThat(get(readers.getFirst()).bytes()).isEqualTo(part(spans.getFirst()));
    // All of it is there now, so it is published though nobody wanted the whole.
    await().until(() -> rig.isStored(BLOB));
  }

  @Test
  void an_upstream_without_ranges_gives_everything_in_one_go() throws Exception {
    Gate gate = new Gate();
    source.withoutRanges().on(2, new GateAt(500_000, gate));
    Span far = new Span(FAR, 300_000);
    ContentStream part = rig.ready(BLOB, source, far).stream();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(part), rig.threads);
    gate.open();
    assertThat(get(reader).bytes()).isEqualTo(part(far));
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
    assertThat(source.opened()).isLessThanOrEqualTo(3);
  }

  @Test
  void what_was_fetched_is_put_away_before_the_mirror_has_stopped() throws Exception {
    Gate gate = new Gate();
    source.on(1, new GateAt(3 * PIECE, gate));
    ContentStream reader = rig.ready(BLOB, source, ALL).stream();
    gate.awaitReached();
    CompletableFuture<Void> stop = CompletableFuture.runAsync(rig.transfers::close, rig.threads);
    assertThat(TransferRig.read(reader).complete()).isFalse();
    assertThat(stop).isNotDone();
    gate.open();
    get(stop);
    assertThat(rig.store.leaked()).isZero();
    try (PartialBlob kept = rig.store.write(TransferRig.mayRead(BLOB))) {
      assertThat(kept.found().cardinality()).isEqualTo(3);
    }
  }
}
