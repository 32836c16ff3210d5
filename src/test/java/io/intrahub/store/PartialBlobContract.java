package io.intrahub.store;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.piece;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.put;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every store promises about blobs that are not whole yet. */
public abstract class PartialBlobContract extends StoreContract {
  /** Seven pieces, the last one short. */
  private static final int SIZE = 6 * PartialBlob.PIECE + 1234;

  private void reopen() throws Exception {
    store.close();
    store = open(Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private PartialBlob open(BlobId blob) throws IOException {
    return store.scratch().write(everybody(REPO, blob));
  }

  private void finish(BlobId blob, byte[] content) throws IOException {
    try (PartialBlob partial = open(blob)) {
      BitSet found = partial.found();
      for (int piece = 0; piece < PartialBlob.pieces(content.length); piece++) {
        if (!found.get(piece)) {
          put(partial, content, piece);
        }
      }
      partial.hash(content.length);
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    }
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  private static BitSet set(int... pieces) {
    return IntStream.of(pieces).collect(BitSet::new, BitSet::set, BitSet::or);
  }

  @Test
  void a_size_that_can_not_be_is_refused() {
    byte[] content = bytes(1, 10);
    for (long size : new long[] {PartialBlob.MAX_SIZE + 1, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> open(new BlobId(sha256(content).digest(), size)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("larger than any file");
    }
    assertThat(store.maintenance().usage().writers()).isZero();
  }

  @Test
  void pieces_written_in_any_order_are_there_when_it_is_opened_again() throws Exception {
    byte[] content = bytes(1, SIZE);
    for (BlobId blob : List.of(sha256(content), gitSha1(content))) {
      try (PartialBlob partial = open(blob)) {
        assertThat(partial.found()).isEqualTo(set());
        for (int piece : new int[] {6, 2, 3}) {
          put(partial, content, piece);
        }
        assertThat(partial.found()).as("a copy of the beginning").isEqualTo(set());
      }
      assertThat(store.maintenance().usage().partials()).isEqualTo(1);
      assertThat(store.maintenance().usage().partialBytes())
          .isEqualTo(2L * PartialBlob.PIECE + 1234);
      reopen();
      assertThat(store.maintenance().usage().partials()).isEqualTo(1);
      assertThat(store.maintenance().usage().partialBytes())
          .isEqualTo(2L * PartialBlob.PIECE + 1234);
      try (PartialBlob partial = open(blob)) {
        assertThat(store.maintenance().usage().partials()).isZero();
        assertThat(partial.found()).isEqualTo(set(2, 3, 6));
        partial.found().clear();
        assertThat(partial.found()).isEqualTo(set(2, 3, 6));
        for (int piece : new int[] {2, 3, 6}) {
          assertThat(piece(partial, content.length, piece)).isEqualTo(piece(content, piece));
        }
        put(partial, content, 0);
      }
      finish(blob, content);
      assertThat(store.maintenance().usage().partials()).isZero();
      assertThat(store.maintenance().usage().partialBytes()).isZero();
    }
  }

  @Test
  void bytes_that_were_written_and_not_marked_are_not_found() throws Exception {
    byte[] content = bytes(2, SIZE);
    BlobId blob = sha256(content);
    try (PartialBlob partial = open(blob)) {
      put(partial, content, 1);
      partial.write(ByteBuffer.wrap(content, 0, PartialBlob.PIECE), 0);
    }
    try (PartialBlob partial = open(blob)) {
      assertThat(partial.found()).isEqualTo(set(1));
    }
    finish(blob, content);
  }

  @Test
  void a_blob_with_nothing_marked_leaves_nothing_and_so_does_a_small_one() throws Exception {
    byte[] content = bytes(3, SIZE);
    byte[] small = bytes(3, 4 * PartialBlob.PIECE);
    assertThat(PartialBlob.isKept(content.length)).isTrue();
    assertThat(PartialBlob.isKept(small.length)).isFalse();
    for (BlobId blob : List.of(sha256(content), gitSha1(content))) {
      try (PartialBlob partial = open(blob)) {
        partial.write(ByteBuffer.wrap(content), 0);
      }
    }
    for (BlobId blob : List.of(sha256(small), gitSha1(small))) {
      try (PartialBlob partial = open(blob)) {
        put(partial, small, 0);
        partial.sync();
      }
      assertThat(store.maintenance().usage().partials()).isZero();
      assertNoLeftovers();
      try (PartialBlob partial = open(blob)) {
        assertThat(partial.found()).isEqualTo(set());
      }
    }
  }

  @Test
  void the_hash_follows_what_is_written_and_what_was_found() throws Exception {
    byte[] content = bytes(4, SIZE);
    BlobId blob = gitSha1(content);
    try (PartialBlob partial = open(blob)) {
      put(partial, content, 0);
      put(partial, content, 1);
      partial.hash(100);
      partial.hash(100);
      partial.hash(50);
      assertThat(partial.hashed()).isEqualTo(100);
      partial.hash(300_000);
      assertThat(partial.hashed()).isEqualTo(300_000);
      assertThatThrownBy(() -> partial.hash(SIZE + 1L))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    reopen();
    try (PartialBlob partial = open(blob)) {
      assertThat(partial.hashed()).isZero();
      partial.hash(2L * PartialBlob.PIECE);
      for (int piece = 2; piece < 7; piece++) {
        put(partial, content, piece);
      }
      assertThatThrownBy(partial::publish).isInstanceOf(IllegalStateException.class);
      partial.hash(SIZE);
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    }
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  @Test
  void after_a_verdict_it_can_be_opened_anew_while_readers_go_on() throws Exception {
    byte[] content = bytes(5, SIZE);
    BlobId blob = sha256(content);
    byte[] wrong = content.clone();
    wrong[SIZE - 1] ^= 1;
    try (PartialBlob first = open(blob)) {
      for (int piece = 0; piece < 7; piece++) {
        put(first, wrong, piece);
      }
      first.hash(SIZE);
      assertThatThrownBy(() -> open(blob)).isInstanceOf(IOException.class);
      assertThat(first.publish()).isEqualTo(PartialBlob.Verdict.WRONG);
      assertThat(store.published().contains(everybody(REPO, blob))).isFalse();
      assertThatThrownBy(() -> first.write(ByteBuffer.wrap(content, 0, 1), 0))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> first.mark(0)).isInstanceOf(IOException.class);
      try (PartialBlob second = open(blob)) {
        assertThat(second.found()).isEqualTo(set());
        first.close();
        for (int piece = 6; piece >= 0; piece--) {
          put(second, content, piece);
        }
        second.hash(SIZE);
        assertThat(second.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
        assertThat(piece(second, SIZE, 5)).isEqualTo(piece(content, 5));
        try (PartialBlob third = open(blob)) {
          put(third, content, 0);
          assertThat(third.found()).isEqualTo(set());
          assertThat(piece(second, SIZE, 0)).isEqualTo(piece(content, 0));
        }
        assertThat(piece(second, SIZE, 6)).isEqualTo(piece(content, 6));
      }
    }
    // It is published already, and that is no error.
    finish(blob, content);
  }

  @Test
  void another_size_of_the_same_digest_begins_anew_and_costs_the_first_nothing() throws Exception {
    byte[] content = bytes(6, SIZE);
    BlobId blob = sha256(content);
    BlobId claimed = new BlobId(blob.digest(), SIZE - 1);
    try (PartialBlob partial = open(blob)) {
      put(partial, content, 0);
    }
    try (PartialBlob lie = store.scratch().write(everybody(OTHER, claimed))) {
      assertThat(lie.found()).isEqualTo(set());
      put(lie, content, 1);
    }
    assertThat(store.maintenance().usage().partials()).isEqualTo(2);
    reopen();
    assertThat(store.maintenance().usage().partials()).isEqualTo(2);
    try (PartialBlob lie = store.scratch().write(everybody(OTHER, claimed))) {
      assertThat(lie.found()).isEqualTo(set(1));
      try (PartialBlob partial = open(blob)) {
        assertThat(partial.found()).isEqualTo(set(0));
      }
    }
    finish(blob, content);
    assertThat(publish(store, OTHER, claimed, Arrays.copyOf(content, SIZE - 1)))
        .isEqualTo(PartialBlob.Verdict.WRONG);
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  @Test
  void two_sizes_of_one_digest_are_written_side_by_side_and_the_right_one_is_published()
      throws Exception {
    byte[] content = bytes(7, SIZE);
    BlobId blob = sha256(content);
    for (int size : new int[] {SIZE - 1, SIZE + 1, 3 * PartialBlob.PIECE}) {
      BlobId claimed = new BlobId(blob.digest(), size);
      try (PartialBlob lie = store.scratch().write(everybody(OTHER, claimed));
          PartialBlob honest = open(blob)) {
        byte[] wrong = Arrays.copyOf(content, size);
        for (int piece = 0; piece < 7; piece++) {
          put(honest, content, piece);
          if (piece < PartialBlob.pieces(size)) {
            put(lie, wrong, piece);
          }
        }
        lie.hash(size);
        honest.hash(SIZE);
        if (size > SIZE) {
          assertThat(honest.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
          assertThat(lie.publish()).isEqualTo(PartialBlob.Verdict.WRONG);
        } else {
          assertThat(lie.publish()).isEqualTo(PartialBlob.Verdict.WRONG);
          assertThat(piece(honest, SIZE, 3)).isEqualTo(piece(content, 3));
          assertThat(honest.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
        }
      }
      assertThat(read(store, REPO, blob)).hasValue(content);
      assertThat(read(store, OTHER, claimed)).isEmpty();
      assertThat(store.maintenance().usage().blobs()).isEqualTo(1);
      assertThat(store.maintenance().usage().partials()).isZero();
    }
  }

  @Test
  void many_threads_write_and_mark_and_one_syncs() throws Exception {
    byte[] content = bytes(7, 40 * PartialBlob.PIECE);
    BlobId blob = sha256(content);
    List<Integer> order = new ArrayList<>(IntStream.range(0, 40).boxed().toList());
    Collections.shuffle(order, new Random(7));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        PartialBlob partial = open(blob)) {
      partial.reserve(content.length);
      List<Future<?>> all = new ArrayList<>();
      for (int piece : order.subList(0, 30)) {
        all.add(
            threads.submit(() -> {
              put(partial, content, piece);
              return null;
            }));
      }
      for (int i = 0; i < 5; i++) {
        partial.sync();
      }
      for (Future<?> one : all) {
        one.get();
      }
      assertThat(store.maintenance().usage().reserved()).isEqualTo(10L * PartialBlob.PIECE);
      partial.unreserve(4L * PartialBlob.PIECE);
      assertThat(store.maintenance().usage().reserved()).isEqualTo(6L * PartialBlob.PIECE);
      partial.unreserve(100L * PartialBlob.PIECE);
      assertThat(store.maintenance().usage().reserved()).isZero();
    }
    reopen();
    try (PartialBlob partial = open(blob)) {
      assertThat(partial.found().stream().boxed().toList())
          .containsExactlyInAnyOrderElementsOf(order.subList(0, 30));
    }
    finish(blob, content);
  }
}
