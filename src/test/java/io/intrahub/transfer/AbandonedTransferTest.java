package io.intrahub.transfer;

import static io.intrahub.transfer.TransferRig.content;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource.BreakAt;
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.ScriptedSource.GateAt;
import io.intrahub.transfer.content.ContentStream;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A transfer whose last reader has left: finished if that is worth it, ended otherwise. */
@Timeout(60)
class AbandonedTransferTest {
  private static final int SIZE = 2_000_000;
  private static final byte[] BYTES = content(SIZE);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);

  private TransferRig rig = new TransferRig(1_000_000);
  private final ScriptedSource source = new ScriptedSource(BYTES);
  private final Gate gate = new Gate();

  @AfterEach
  void nothing_leaks() {
    gate.open();
    rig.assertNothingLeaks(source);
    rig.close();
  }

  /** A reader that is there when the transfer stands at this byte. */
  private ContentStream readerWithTransferAt(long offset) throws Exception {
    source.on(1, new GateAt(offset, gate));
    ContentStream stream = rig.ready(BLOB, source, Span.all(SIZE)).stream();
    stream.read(ByteBuffer.allocate(1));
    gate.awaitReached();
    return stream;
  }

  @Test
  void early_in_a_long_transfer_it_ends() throws Exception {
    readerWithTransferAt(400_000).close();
    rig.timer.fire();
    gate.open();
    rig.assertNothingLeaks(source);
    assertThat(rig.isStored(BLOB)).isFalse();
    assertThat(TransferRig.gives(rig.ready(BLOB, source, Span.all(SIZE)).stream(), BYTES)).isTrue();
    assertThat(source.opened()).isEqualTo(2);
  }

  @Test
  void with_a_quarter_done_it_goes_on() throws Exception {
    readerWithTransferAt(500_000).close();
    rig.timer.fire();
    gate.open();
    rig.assertNothingLeaks(source);
    assertThat(rig.isStored(BLOB)).isTrue();
  }

  @Test
  void with_little_left_it_goes_on() throws Exception {
    rig.close();
    rig = new TransferRig(1_800_000);
    readerWithTransferAt(200_000).close();
    rig.timer.fire();
    gate.open();
    rig.assertNothingLeaks(source);
    assertThat(rig.isStored(BLOB)).isTrue();
  }

  @Test
  void it_goes_on_until_its_time_has_come() throws Exception {
    readerWithTransferAt(100_000).close();
    assertThat(rig.timer.waiting()).isEqualTo(1);
    gate.open();
    rig.assertNothingLeaks(source);
    assertThat(rig.isStored(BLOB)).isTrue();
    rig.timer.fire();
  }

  @Test
  void one_who_comes_back_in_time_keeps_it() throws Exception {
    readerWithTransferAt(100_000).close();
    ContentStream again = rig.ready(BLOB, source, Span.all(SIZE)).stream();
    rig.timer.fire();
    gate.open();
    assertThat(TransferRig.gives(again, BYTES)).isTrue();
    assertThat(source.opened()).isEqualTo(1);
  }

  @Test
  void one_who_comes_back_after_it_was_given_up_still_gets_the_content() throws Exception {
    readerWithTransferAt(100_000).close();
    rig.timer.fire();
    ContentStream again = rig.ready(BLOB, source, Span.all(SIZE)).stream();
    gate.open();
    assertThat(TransferRig.gives(again, BYTES)).isTrue();
    assertThat(source.opened()).isBetween(1, 2);
  }

  @Test
  void one_who_comes_back_does_not_depend_on_a_call_that_is_overdue() throws Exception {
    source.on(1, new BreakAt(300_000));
    readerWithTransferAt(100_000).close();
    assertThat(rig.timer.waiting()).isEqualTo(1);
    rig.timer.isLate();
    ContentStream again = rig.ready(BLOB, source, Span.all(SIZE)).stream();
    gate.open();
    assertThat(TransferRig.get(gives(again))).isTrue();
    assertThat(source.opened()).isEqualTo(2);
    rig.timer.fire();
  }

  private CompletableFuture<Boolean> gives(ContentStream stream) {
    return CompletableFuture.supplyAsync(() -> TransferRig.gives(stream, BYTES), rig.threads);
  }

  @Test
  void while_another_reads_nothing_is_judged() throws Exception {
    ContentStream first = readerWithTransferAt(100_000);
    ContentStream second = rig.ready(BLOB, source, Span.all(SIZE)).stream();
    first.close();
    assertThat(rig.timer.waiting()).isZero();
    gate.open();
    assertThat(TransferRig.gives(second, BYTES)).isTrue();
  }

  @Test
  void a_timer_that_is_stopped_does_not_break_a_close() throws Exception {
    ContentStream stream = readerWithTransferAt(100_000);
    rig.timer.stop();
    stream.close();
  }
}
