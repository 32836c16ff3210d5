package io.intrahub.transfer;

import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource.Fails;
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.ScriptedSource.GateAt;
import io.intrahub.transfer.ScriptedSource.WrongByteAt;
import io.intrahub.transfer.TransferRig.Got;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.UpstreamResult;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The head of a small content waits for its digest, but not for ever: when upstream is slow it goes
 * out before, and the bytes are held back like the end of a large one. Here that time is no time at
 * all.
 */
@Timeout(60)
class SmallHeadTest {
  private static final int SIZE = 300_000;
  private static final byte[] BYTES = content(SIZE);
  private static final BlobId BLOB = TestBlobs.gitSha1(BYTES);
  private static final Span ALL = Span.all(SIZE);

  private final TransferRig rig = new TransferRig(1 << 20, Duration.ZERO, 32);
  private final ScriptedSource source = new ScriptedSource(BYTES);
  private final Gate gate = new Gate();

  @AfterEach
  void nothing_leaks() {
    gate.open();
    rig.timer.fire();
    rig.assertNothingLeaks(source);
    rig.close();
  }

  @Test
  void it_goes_out_before_the_digest_is_known_and_the_bytes_do_not() throws Exception {
    source.always(new GateAt(SIZE - 1, gate));
    OpenedContent ready = rig.ready(BLOB, source, ALL);
    gate.awaitReached();
    assertThat(ready.verified()).isTrue();
    assertThat(ready.stream().isAwaited()).as("the head goes out before a byte does").isTrue();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(ready.stream()), rig.threads);
    assertThat(reader).isNotDone();
    assertThat(rig.isStored(BLOB)).isFalse();

    gate.open();

    assertThat(get(reader).complete()).isTrue();
    assertThat(get(reader).bytes()).isEqualTo(BYTES);
    assertThat(source.opened()).isEqualTo(1);
    assertThat(rig.isStored(BLOB)).isTrue();
  }

  @Test
  void it_waits_for_the_first_byte_all_the_same() {
    source.always(new Fails());
    assertThat(rig.open(BLOB, source, ALL)).isInstanceOf(UpstreamResult.Failed.class);
  }

  @Test
  void what_comes_wrong_then_is_broken_off_and_loads_the_next_time() throws Exception {
    source.on(1, new WrongByteAt(8), new GateAt(SIZE - 1, gate));
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    gate.awaitReached();
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(stream), rig.threads);
    gate.open();

    assertThat(get(reader).complete()).isFalse();
    assertThat(get(reader).bytes()).as("held back").isEmpty();
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
  }

  /** A held byte goes out after some seconds, for which this waits. It may be a wrong one. */
  @Tag("slow")
  @Test
  void who_got_a_byte_of_it_must_not_go_on_with_that() throws Exception {
    source.on(1, new WrongByteAt(0), new GateAt(SIZE - 1, gate));
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    ByteBuffer got = ByteBuffer.allocate(SIZE);
    assertThat(stream.read(got)).isEqualTo(1);
    assertThat(rig.transfers.recentlyWrong(TransferRig.mayRead(BLOB))).isFalse();

    gate.open();

    assertThat(TransferRig.read(stream).complete()).isFalse();
    assertThat(rig.transfers.recentlyWrong(TransferRig.mayRead(BLOB))).isTrue();
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
  }
}
