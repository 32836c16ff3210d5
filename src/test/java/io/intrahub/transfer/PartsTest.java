package io.intrahub.transfer;

import static io.intrahub.transfer.TransferRig.HELD;
import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource.Fails;
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.ScriptedSource.GateAt;
import io.intrahub.transfer.ScriptedSource.Refuses;
import io.intrahub.transfer.ScriptedSource.WrongByteAt;
import io.intrahub.transfer.TransferRig.Got;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Parts of contents, near the fill, ahead of it and without one. */
@Timeout(60)
class PartsTest {
  private static final int SIZE = 7_000_000;
  private static final byte[] BYTES = content(SIZE);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);
  private static final Span ALL = Span.all(SIZE);

  /** Further than 4 MiB ahead of a fill that stands at 100,000. */
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
    ContentOpening.Ready ready = rig.ready(BLOB, source, header);
    assertThat(ready.origin()).isEqualTo(ContentOpening.Origin.UPSTREAM);
    assertThat(ready.verified()).isFalse();
    assertThat(rig.transfers.running()).isZero();
    assertThat(TransferRig.read(ready.stream()).bytes()).isEqualTo(part(header));
    assertThat(source.spans()).containsExactly(header);
    assertThat(rig.store.begun()).isZero();
  }

  /** Polars begins each file so, to read a footer. */
  @Test
  void a_last_part_that_completes_nothing_neither_fetches_nor_waits_for_the_whole() {
    Span footer = new Span(SIZE - 262_144, 262_144);
    ContentOpening.Ready ready = (ContentOpening.Ready) rig.open(BLOB, source, footer, false);
    assertThat(ready.verified()).isFalse();
    assertThat(rig.transfers.running()).isZero();
    assertThat(TransferRig.read(ready.stream()).bytes()).isEqualTo(part(footer));
    assertThat(source.spans()).containsExactly(footer);
    assertThat(rig.store.begun()).isZero();
  }

  @Test
  void a_part_that_cannot_be_had_is_an_error_before_the_head() {
    source.on(1, new Fails()).on(2, new Refuses());
    assertThat(rig.open(BLOB, source, new Span(5, 5))).isInstanceOf(ContentOpening.Failed.class);
    assertThat(rig.open(BLOB, source, new Span(5, 5))).isInstanceOf(ContentOpening.Refused.class);
  }

  @Test
  void a_part_of_a_stored_file_comes_from_the_store() {
    rig.readNow(BLOB, source, ALL);
    rig.assertNothingLeaks();
    for (Span span : new Span[] {new Span(0, 1), new Span(5_000, 70_000), new Span(SIZE - 1, 1)}) {
      ContentOpening.Ready ready = rig.ready(BLOB, source, span);
      assertThat(ready.origin()).isEqualTo(ContentOpening.Origin.STORE);
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
    ContentOpening.Ready part = rig.ready(BLOB, source, near);
    assertThat(part.verified()).isFalse();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(part.stream()), rig.threads);
    gate.open();
    assertThat(get(reader).bytes()).isEqualTo(part(near));
    assertThat(TransferRig.gives(whole, BYTES)).isTrue();
    assertThat(source.opened()).isEqualTo(1);
  }

  @Test
  void a_part_far_ahead_does_not_wait_for_the_fill() throws Exception {
    Gate gate = new Gate();
    source.on(1, new GateAt(100_000, gate));
    ContentStream whole = rig.ready(BLOB, source, ALL).stream();
    Span far = new Span(FAR, 300_000);
    assertThat(rig.readNow(BLOB, source, far).bytes()).isEqualTo(part(far));
    assertThat(source.spans()).containsExactly(ALL, far);
    gate.open();
    assertThat(TransferRig.gives(whole, BYTES)).isTrue();
  }

  @Test
  void a_resumed_download_runs_ahead_but_its_end_waits_for_the_fill() throws Exception {
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
    assertThat(source.spans()).containsExactly(ALL, new Span(FAR, rest.length() - HELD));
    assertThat(TransferRig.gives(whole, BYTES)).isTrue();
  }

  /** The fill's own copy is right, but what ran ahead came over another connection. */
  @Test
  void a_wrong_byte_that_ran_ahead_keeps_the_resumed_download_from_its_end() throws Exception {
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
    assertThat(TransferRig.gives(whole, BYTES)).isTrue();
  }

  @Test
  void a_wrong_fill_keeps_the_resumed_download_from_its_end() throws Exception {
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

  @Test
  void one_who_ran_ahead_goes_on_with_the_fill_when_it_has_come() throws Exception {
    Gate gate = new Gate();
    Gate slow = new Gate();
    source.on(1, new GateAt(100_000, gate)).on(2, new GateAt(FAR + 100_000, slow));
    ContentStream whole = rig.ready(BLOB, source, ALL).stream();
    Span far = new Span(FAR, 300_000);
    ContentStream part = rig.ready(BLOB, source, far).stream();
    ByteBuffer first = ByteBuffer.allocate(100_000);
    while (first.hasRemaining()) {
      part.read(first);
    }
    gate.open();
    await().until(() -> rig.isStored(BLOB));
    // The second connection is never asked for more.
    Got rest = TransferRig.read(part);
    assertThat(rest.complete()).isTrue();
    assertThat(rest.bytes()).isEqualTo(part(new Span(FAR + 100_000, 200_000)));
    slow.open();
    assertThat(TransferRig.gives(whole, BYTES)).isTrue();
  }
}
