package io.intrahub.transfer;

import static io.intrahub.transfer.TransferRig.HELD;
import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource.BreakAt;
import io.intrahub.transfer.ScriptedSource.Fails;
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.ScriptedSource.GateAt;
import io.intrahub.transfer.ScriptedSource.WrongByteAt;
import io.intrahub.transfer.TransferRig.Got;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.UpstreamResult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store that can't write never breaks a download, and never lets a wrong one pass. */
@Timeout(60)
class StoreFaultsTest {
  private static final int SIZE = 1_300_000;
  private static final byte[] BYTES = content(SIZE);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);
  private static final Span ALL = Span.all(SIZE);
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

  @Test
  void a_store_that_takes_nothing_is_asked_once_and_passed_by() {
    rig.store.failBegin();
    OpenedContent ready = rig.ready(BLOB, source, ALL);
    assertThat(ready.origin()).isEqualTo(OpenedContent.Origin.UPSTREAM);
    assertThat(ready.verified()).isTrue();
    assertThat(TransferRig.gives(ready.stream(), BYTES)).isTrue();
    assertThat(rig.store.begun()).isEqualTo(1);
    assertThat(TransferRig.gives(rig.ready(SMALL, smallSource, Span.all(20_000)).stream(), FEW))
        .isTrue();
    assertThat(rig.store.begun()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 400_000, 1_299_999})
  void a_disk_that_fills_up_breaks_nobodys_download(long at) throws Exception {
    rig.store.failWriteAt(at);
    List<CompletableFuture<Got>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      all.add(rig.readLater(BLOB, source, ALL));
      all.add(rig.readLater(BLOB, source, new Span(600_000, SIZE - 600_000)));
      all.add(rig.readLater(BLOB, source, new Span(390_000, 100_000)));
    }
    for (int i = 0; i < all.size(); i++) {
      int from = new int[] {0, 600_000, 390_000}[i % 3];
      int to = new int[] {SIZE, SIZE, 490_000}[i % 3];
      Got got = get(all.get(i));
      assertThat(got.complete()).isTrue();
      assertThat(Arrays.equals(got.bytes(), Arrays.copyOfRange(BYTES, from, to))).isTrue();
    }
    assertThat(rig.isStored(BLOB)).isFalse();
    rig.store.heal();
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
    rig.assertNothingLeaks();
    assertThat(rig.isStored(BLOB)).isTrue();
  }

  @Test
  void what_cannot_be_made_durable_is_delivered_all_the_same() {
    rig.store.failPublish();
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
    assertThat(TransferRig.gives(rig.ready(SMALL, smallSource, Span.all(20_000)).stream(), FEW))
        .isTrue();
    assertThat(rig.isStored(BLOB)).isFalse();
    assertThat(rig.isStored(SMALL)).isFalse();
  }

  @Test
  void a_small_file_past_a_full_disk_is_checked_before_its_head() {
    rig.store.failWriteAt(10_000);
    smallSource.on(2, new WrongByteAt(15_000));
    assertThat(rig.open(SMALL, smallSource, Span.all(20_000)))
        .isInstanceOf(UpstreamResult.Failed.class);
    assertThat(rig.readNow(SMALL, smallSource, Span.all(20_000)).bytes()).isEqualTo(FEW);
  }

  /** The second connection is the one that goes past the store. */
  @Test
  void a_wrong_byte_past_the_store_keeps_the_reader_from_the_end() {
    rig.store.failWriteAt(400_000);
    source.on(2, new WrongByteAt(1_000_000));
    Got got = rig.readNow(BLOB, source, ALL);
    assertThat(got.complete()).isFalse();
    assertThat(got.bytes()).hasSize(SIZE - (int) HELD);
  }

  /** The second connection is right, but what the client has got came over the first. */
  @Test
  void a_wrong_byte_before_the_store_failed_keeps_the_reader_from_the_end() throws Exception {
    Gate gate = new Gate();
    rig.store.failWriteAt(400_000);
    source.on(1, new WrongByteAt(5), new GateAt(300_000, gate));
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    // It has got the wrong byte by now.
    int first = stream.read(ByteBuffer.allocate(1_000));
    CompletableFuture<Got> reader =
        CompletableFuture.supplyAsync(() -> TransferRig.read(stream), rig.threads);
    gate.open();
    assertThat(get(reader).complete()).isFalse();
    assertThat(first + get(reader).bytes().length).isLessThanOrEqualTo(SIZE - (int) HELD);
    // Else it would go on from there, and keep the wrong byte for ever.
    assertThat(rig.transfers.recentlyWrong(TransferRig.mayRead(BLOB))).isTrue();
  }

  /** A held byte goes out when its client has waited for three seconds, and it may be wrong. */
  @Tag("slow")
  @Test
  void a_wrong_byte_that_went_out_while_its_reader_waited_keeps_it_from_the_end() throws Exception {
    Gate hash = new Gate();
    rig.store.holdHash(hash);
    rig.store.failPublish();
    long held = SIZE - HELD;
    source.on(1, new WrongByteAt(held));
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    ByteBuffer got = ByteBuffer.allocate(SIZE);
    while (got.position() <= held) {
      stream.read(got);
    }
    assertThat(got.position()).isEqualTo(held + 1);
    hash.open();
    assertThat(TransferRig.read(stream).complete()).isFalse();
    assertThat(source.opened()).isEqualTo(2);
    assertThat(rig.transfers.recentlyWrong(TransferRig.mayRead(BLOB))).isTrue();
  }

  @Test
  void past_the_store_a_broken_connection_goes_on_at_the_same_byte() {
    rig.store.failBegin();
    source.on(1, new BreakAt(100_000)).on(2, new BreakAt(SIZE - 1));
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
    assertThat(source.spans())
        .containsExactly(ALL, new Span(100_000, SIZE - 100_000), new Span(SIZE - 1, 1));
  }

  @Test
  void past_the_store_a_failing_upstream_is_told_before_the_head() {
    rig.store.failBegin();
    source.on(1, new Fails());
    assertThat(rig.open(BLOB, source, ALL)).isInstanceOf(UpstreamResult.Failed.class);
    smallSource.on(1, new BreakAt(5)).on(2, new Fails());
    assertThat(rig.open(SMALL, smallSource, Span.all(20_000)))
        .isInstanceOf(UpstreamResult.Failed.class);
  }

  @Test
  void past_the_store_an_upstream_that_always_breaks_ends_the_response() {
    rig.store.failBegin();
    source.always(new BreakAt(500_000));
    Got got = rig.readNow(BLOB, source, ALL);
    assertThat(got.complete()).isFalse();
    assertThat(got.bytes()).hasSize(500_000);
    assertThat(source.opened()).isLessThan(10);
  }
}
