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
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.ScriptedSource.GateAt;
import io.intrahub.transfer.TransferRig.Got;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.OpenedContent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The hash may lag behind as it likes: only the last bytes of a content wait for it. */
@Timeout(60)
class SlowHashTest {
  private static final int PIECE = PartialBlob.PIECE;
  private static final int SIZE = 12 * PIECE + 5_000;
  private static final byte[] BYTES = content(SIZE);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);
  private static final Span ALL = Span.all(SIZE);
  private static final int OPEN = SIZE - (int) HELD;

  private final TransferRig rig = new TransferRig();
  private final ScriptedSource source = new ScriptedSource(BYTES);
  private final Gate hash = new Gate();

  @AfterEach
  void nothing_leaks() {
    hash.open();
    rig.timer.fire();
    rig.assertNothingLeaks(source);
    rig.close();
  }

  /** What a mirror that was stopped has left: pieces, and no hash of them. */
  private void leaveBehind(int... pieces) throws IOException {
    try (PartialBlob partial = rig.store.write(TransferRig.mayRead(BLOB))) {
      for (int piece : pieces) {
        int at = piece * PIECE;
        int length = Math.min(PIECE, SIZE - at);
        partial.write(ByteBuffer.wrap(BYTES, at, length), at);
        partial.mark(piece);
      }
      partial.sync();
    }
  }

  /** Reads up to a byte. Were more to be had, more would come. */
  private static ByteBuffer readTo(ContentStream stream, int end) throws IOException {
    ByteBuffer got = ByteBuffer.allocate(SIZE);
    while (got.position() < end) {
      stream.read(got);
    }
    assertThat(got.position()).isEqualTo(end);
    return got;
  }

  private void awaitAllThere() {
    await().until(() -> rig.transfers.progress().getFirst().state().equals("verifying"));
  }

  private CompletableFuture<Got> rest(ContentStream stream) {
    return CompletableFuture.supplyAsync(() -> TransferRig.read(stream), rig.threads);
  }

  private static void assertRight(ByteBuffer first, Got rest) {
    assertThat(rest.complete()).isTrue();
    first.put(rest.bytes());
    assertThat(Arrays.equals(first.array(), BYTES)).isTrue();
    assertThat(first.hasRemaining()).isFalse();
  }

  @Test
  void all_but_the_last_bytes_come_while_it_stands_still() throws Exception {
    rig.store.holdHash(hash);
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    hash.awaitReached();
    awaitAllThere();

    ByteBuffer got = readTo(stream, OPEN);
    CompletableFuture<Got> rest = rest(stream);
    assertThat(rig.isStored(BLOB)).isFalse();
    hash.open();

    assertRight(got, get(rest));
    assertThat(rig.isStored(BLOB)).isTrue();
  }

  @Test
  void a_part_that_completes_nothing_does_not_wait_for_it() throws Exception {
    rig.store.holdHash(hash);
    ContentStream whole = rig.ready(BLOB, source, ALL).stream();
    awaitAllThere();
    Span end = new Span(SIZE - 10_000, 10_000);

    OpenedContent part = value(rig.open(BLOB, source, end, false));

    assertThat(part.verified()).isFalse();
    assertThat(TransferRig.read(part.stream()).bytes())
        .isEqualTo(Arrays.copyOfRange(BYTES, SIZE - 10_000, SIZE));
    whole.close();
  }

  @Test
  void after_a_restart_what_is_there_comes_before_it_is_in_the_hash_again() throws Exception {
    leaveBehind(0, 1, 2, 3, 4, 5);
    rig.store.holdHash(hash);
    Gate upstream = new Gate();
    source.on(1, new GateAt(6 * PIECE, upstream));

    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    ByteBuffer got = readTo(stream, 6 * PIECE);
    hash.awaitReached();
    upstream.awaitReached();
    upstream.open();
    awaitAllThere();
    got.put(readTo(stream, OPEN - 6 * PIECE).flip());
    CompletableFuture<Got> rest = rest(stream);
    assertThat(rig.isStored(BLOB)).isFalse();
    hash.open();

    assertRight(got, get(rest));
    assertThat(source.spans()).containsExactly(new Span(6 * PIECE, SIZE - 6 * PIECE));
    assertThat(rig.isStored(BLOB)).isTrue();
  }

  @Test
  void after_a_restart_with_all_there_only_the_last_bytes_wait() throws Exception {
    leaveBehind(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    rig.store.holdHash(hash);

    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    ByteBuffer got = readTo(stream, OPEN);
    hash.awaitReached();
    CompletableFuture<Got> rest = rest(stream);
    assertThat(rig.isStored(BLOB)).isFalse();
    hash.open();

    assertRight(got, get(rest));
    assertThat(source.opened()).isZero();
    assertThat(rig.isStored(BLOB)).isTrue();
  }

  /**
   * Pieces may have rotted while the mirror was down. Often, because a reader that is broken off
   * and comes back at once must find that the content came wrong.
   */
  @Tag("slow")
  @RepeatedTest(20)
  void after_a_restart_wrong_bytes_that_were_there_keep_the_reader_from_the_end() throws Exception {
    leaveBehind(0, 1, 2);
    try (PartialBlob partial = rig.store.write(TransferRig.mayRead(BLOB))) {
      partial.write(ByteBuffer.wrap(new byte[] {(byte) ~BYTES[7]}), 7);
    }
    rig.store.holdHash(hash);
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    awaitAllThere();
    ByteBuffer got = readTo(stream, OPEN);
    CompletableFuture<Got> rest = rest(stream);
    hash.open();

    assertThat(get(rest).complete()).isFalse();
    // Were the machine so slow that held bytes went out one by one, they would be few.
    assertThat(got.position() + get(rest).bytes().length).isLessThan(SIZE);
    assertThat(rig.isStored(BLOB)).isFalse();
    assertThat(rig.transfers.recentlyWrong(TransferRig.mayRead(BLOB))).isTrue();
    rig.assertNothingLeaks(source);
    assertThat(TransferRig.gives(rig.ready(BLOB, source, ALL).stream(), BYTES)).isTrue();
  }
}
