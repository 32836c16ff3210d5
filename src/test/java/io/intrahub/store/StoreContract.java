package io.intrahub.store;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.readAll;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store promises about blobs. {@link PartialBlobContract} adds the rest. */
public abstract class StoreContract {
  protected static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  protected static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny-bert");
  protected static final RepoId OTHER = new RepoId(RepoType.DATASET, "acme/tiny-bert");

  protected Store store;

  /** A store that holds what the one before it in this test held, if it survives at all. */
  protected abstract Store open(Clock clock) throws Exception;

  /** Fails when something lies about that nobody needs. */
  protected abstract void assertNoLeftovers() throws Exception;

  @BeforeEach
  void openStore() throws Exception {
    store = open(Clock.fixed(NOW, ZoneOffset.UTC));
  }

  @AfterEach
  void nothing_is_left_over() throws Exception {
    assertThat(store.maintenance().usage().writers()).as("leaked writers").isZero();
    assertThat(store.maintenance().usage().reserved()).as("leaked reservations").isZero();
    assertNoLeftovers();
    store.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_536, 65_537, 300_000, 1 << 20, (1 << 20) + 1, 3_000_000})
  void a_published_blob_reads_back_as_it_was_written(int size) throws Exception {
    byte[] content = bytes(1, size);
    for (BlobId blob : List.of(sha256(content), gitSha1(content))) {
      assertThat(read(store, REPO, blob)).isEmpty();
      assertThat(store.published().contains(everybody(REPO, blob))).isFalse();

      assertThat(publish(store, REPO, blob, content)).isEqualTo(PartialBlob.Verdict.PUBLISHED);

      assertThat(read(store, REPO, blob)).hasValue(content);
      assertThat(store.published().contains(everybody(REPO, blob))).isTrue();
    }
    assertThat(store.maintenance().usage().blobs()).isEqualTo(2);
    assertThat(store.maintenance().usage().bytes()).isEqualTo(2L * size);
  }

  @Test
  void a_blob_is_invisible_until_it_is_published() throws Exception {
    byte[] content = bytes(2, 100_000);
    BlobId blob = sha256(content);
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
      partial.write(ByteBuffer.wrap(content), 0);
      assertThat(store.published().contains(everybody(REPO, blob))).isFalse();
      assertThat(store.published().open(everybody(REPO, blob))).isEmpty();
    }
    assertThat(store.published().open(everybody(REPO, blob))).isEmpty();
    assertThat(store.maintenance().usage().blobs()).isZero();
  }

  @Test
  void a_wrong_digest_publishes_nothing_and_the_next_transfer_can_succeed() throws Exception {
    byte[] content = bytes(3, 200_000);
    BlobId blob = sha256(content);
    byte[] wrong = content.clone();
    wrong[150_000] ^= 1;

    assertThat(publish(store, REPO, blob, wrong)).isEqualTo(PartialBlob.Verdict.WRONG);
    assertThat(read(store, REPO, blob)).isEmpty();

    assertThat(publish(store, REPO, blob, content)).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 99_999})
  void a_blob_that_ends_too_early_can_not_be_published(int length) throws Exception {
    byte[] content = bytes(4, 100_000);
    BlobId blob = gitSha1(content);
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
      partial.write(ByteBuffer.wrap(content, 0, length), 0);
      partial.hash(length);
      assertThatThrownBy(() -> partial.hash(100_000)).isInstanceOf(IOException.class);
      assertThat(partial.hashed()).isEqualTo(length);
      assertThatThrownBy(partial::publish).isInstanceOf(IllegalStateException.class);
      partial.write(ByteBuffer.wrap(content, length, 100_000 - length), length);
      partial.hash(100_000);
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    }
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  @Test
  void a_stump_is_wrong_even_when_its_digest_is_that_of_the_name() throws Exception {
    byte[] content = bytes(5, 1000);
    BlobId claimed = new BlobId(sha256(content).digest(), 2000);
    byte[] padded = Arrays.copyOf(content, 2000);
    assertThat(publish(store, REPO, claimed, padded)).isEqualTo(PartialBlob.Verdict.WRONG);
    assertThat(read(store, REPO, sha256(content))).isEmpty();
  }

  @Test
  void bytes_outside_of_the_blob_are_refused_and_the_rest_goes_on() throws Exception {
    byte[] content = bytes(6, 1000);
    BlobId blob = sha256(content);
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
      partial.write(ByteBuffer.wrap(content, 0, 990), 0);
      assertThatThrownBy(() -> partial.write(ByteBuffer.wrap(content, 0, 11), 990))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> partial.write(ByteBuffer.wrap(content, 0, 1), 1000))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> partial.write(ByteBuffer.wrap(content, 0, 1), -1))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> partial.mark(1)).isInstanceOf(IndexOutOfBoundsException.class);
      ByteBuffer into = ByteBuffer.allocate(2000);
      assertThat(partial.read(into, 0)).isPositive();
      assertThat(into.array()).startsWith(content[0], content[1], content[2]);
      partial.write(ByteBuffer.wrap(content, 990, 10), 990);
      partial.hash(1000);
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    }
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  @Test
  void a_blob_with_another_size_than_asked_for_is_absent_and_stays() throws Exception {
    byte[] content = bytes(7, 5000);
    BlobId blob = sha256(content);
    publish(store, REPO, blob, content);
    BlobId claimed = new BlobId(blob.digest(), 4999);
    assertThat(store.published().contains(everybody(REPO, claimed))).isFalse();
    assertThat(read(store, REPO, claimed)).isEmpty();
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  @Test
  void a_sha256_is_one_blob_for_all_repos_and_may_be_published_again() throws Exception {
    byte[] content = bytes(8, 200_000);
    BlobId blob = sha256(content);
    publish(store, REPO, blob, content);
    assertThat(read(store, OTHER, blob)).hasValue(content);

    assertThat(publish(store, OTHER, blob, content)).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    assertThat(read(store, REPO, blob)).hasValue(content);
    assertThat(store.maintenance().usage().blobs()).isEqualTo(1);
    assertThat(store.maintenance().usage().bytes()).isEqualTo(content.length);
  }

  @Test
  void a_git_blob_belongs_to_its_repo_alone() throws Exception {
    byte[] content = bytes(9, 300);
    BlobId blob = gitSha1(content);
    publish(store, REPO, blob, content);
    assertThat(store.published().contains(everybody(OTHER, blob))).isFalse();
    assertThat(read(store, OTHER, blob)).isEmpty();
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  @Test
  void one_blob_can_not_be_open_twice_and_two_repos_git_blobs_can() throws Exception {
    byte[] content = bytes(10, 300);
    try (PartialBlob first = store.scratch().write(everybody(REPO, sha256(content)));
        PartialBlob git = store.scratch().write(everybody(REPO, gitSha1(content)));
        PartialBlob otherGit = store.scratch().write(everybody(OTHER, gitSha1(content)))) {
      assertThatThrownBy(() -> store.scratch().write(everybody(OTHER, sha256(content))))
          .isInstanceOf(IOException.class);
      assertThat(store.maintenance().usage().writers()).isEqualTo(3);
      assertThat(store.maintenance().usage().reserved()).isZero();
      first.reserve(300);
      git.reserve(100);
      git.reserve(200);
      otherGit.reserve(300);
      assertThat(store.maintenance().usage().reserved()).isEqualTo(900);
      git.write(ByteBuffer.wrap(content, 0, 50), 250);
      assertThat(store.maintenance().usage().reserved()).isEqualTo(850);
    }
    assertThat(publish(store, OTHER, sha256(content), content))
        .isEqualTo(PartialBlob.Verdict.PUBLISHED);
  }

  @Test
  void a_blob_can_be_closed_twice_and_publishes_once() throws Exception {
    byte[] content = bytes(11, 300);
    PartialBlob partial = store.scratch().write(everybody(REPO, sha256(content)));
    partial.write(ByteBuffer.wrap(content), 0);
    partial.hash(300);
    assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    assertThatThrownBy(partial::publish).isInstanceOf(IOException.class);
    partial.close();
    partial.close();
    assertThatThrownBy(() -> partial.write(ByteBuffer.wrap(content), 0))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> partial.read(ByteBuffer.allocate(1), 0))
        .isInstanceOf(IOException.class);
    assertThat(read(store, REPO, sha256(content))).hasValue(content);
  }

  @Test
  void reading_outside_of_what_is_there_is_an_error_and_never_zero_bytes() throws Exception {
    byte[] content = bytes(12, 2_000_000);
    BlobId blob = sha256(content);
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
      partial.write(ByteBuffer.wrap(content, 0, 1000), 0);
      assertThatThrownBy(() -> partial.read(ByteBuffer.allocate(1), 1000))
          .isInstanceOf(IOException.class);
      assertThat(partial.read(ByteBuffer.allocate(5000), 999)).isEqualTo(1);
    }
    publish(store, REPO, blob, content);
    try (StoredBlob stored = store.published().open(everybody(REPO, blob)).orElseThrow()) {
      assertThatThrownBy(() -> stored.read(ByteBuffer.allocate(1), content.length))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> stored.read(ByteBuffer.allocate(1), -1))
          .isInstanceOf(IOException.class);
      assertThat(stored.read(ByteBuffer.allocateDirect(10), content.length - 1)).isEqualTo(1);
    }
  }

  @Test
  void a_direct_buffer_is_written_from_its_position_to_its_limit() throws Exception {
    byte[] content = bytes(13, 10_000);
    BlobId blob = gitSha1(content);
    ByteBuffer direct = ByteBuffer.allocateDirect(12_000);
    direct.put(1000, content).position(1000).limit(11_000);
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
      partial.write(direct, 0);
      assertThat(direct.remaining()).isZero();
      partial.hash(10_000);
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    }
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  @Test
  void many_readers_follow_a_growing_blob_and_see_only_right_bytes() throws Exception {
    byte[] content = bytes(14, 4_000_000);
    BlobId blob = sha256(content);
    AtomicInteger front = new AtomicInteger();
    // Readers that spin need threads of their own.
    try (ExecutorService threads = Executors.newCachedThreadPool();
        PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
      List<Future<Boolean>> readers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        readers.add(threads.submit(() -> follow(partial, front, content)));
      }
      for (int at = 0; at < content.length; at += 37_123) {
        int end = Math.min(at + 37_123, content.length);
        partial.write(ByteBuffer.wrap(content, at, end - at), at);
        front.set(end);
        partial.hash(end);
      }
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
      for (Future<Boolean> reader : readers) {
        assertThat(reader.get()).isTrue();
      }
    }
  }

  private static boolean follow(PartialBlob partial, AtomicInteger front, byte[] content)
      throws IOException {
    ByteBuffer into = ByteBuffer.allocate(50_000);
    int at = 0;
    while (at < content.length) {
      int there = front.get() - at;
      if (there == 0) {
        Thread.onSpinWait();
        Thread.yield();
        continue;
      }
      into.clear().limit(Math.min(50_000, there));
      int count = partial.read(into, at);
      if (!Arrays.equals(into.array(), 0, count, content, at, at + count)) {
        return false;
      }
      at += count;
    }
    return true;
  }

  @Test
  void an_interrupted_reader_or_writer_does_not_hurt_the_others() throws Exception {
    byte[] content = bytes(15, 2_000_000);
    BlobId blob = sha256(content);
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
      partial.write(ByteBuffer.wrap(content, 0, 1_000_000), 0);
      interrupted(() -> assertThat(partial.read(ByteBuffer.allocate(10), 0)).isPositive());
      ByteBuffer into = ByteBuffer.allocate(1000);
      assertThat(partial.read(into, 500_000)).isPositive();
      interrupted(() -> partial.write(ByteBuffer.wrap(content, 0, 500), 0));
      interrupted(() -> partial.mark(0));
      partial.write(ByteBuffer.wrap(content, 1_000_000, 1_000_000), 1_000_000);
      for (int piece = 0; piece < PartialBlob.pieces(2_000_000); piece++) {
        partial.mark(piece);
      }
      partial.hash(2_000_000);
      // The end is not spoiled by an interrupt that came before.
      Thread.currentThread().interrupt();
      partial.sync();
      assertThat(Thread.interrupted()).isTrue();
      interrupted(() -> assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED));
      interrupted(() -> assertThat(partial.read(ByteBuffer.allocate(10), 0)).isPositive());
      assertThat(partial.read(into.clear(), 1_999_999)).isEqualTo(1);
    }
    assertThat(read(store, REPO, blob)).hasValue(content);
  }

  private interface Step {
    void run() throws IOException;
  }

  private static void interrupted(Step step) throws InterruptedException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread.ofVirtual()
        .start(() -> {
          Thread.currentThread().interrupt();
          try {
            step.run();
          } catch (ClosedByInterruptException e) {
            // As it should be.
          } catch (Throwable e) {
            failure.set(e);
          }
        })
        .join();
    assertThat(failure.get()).isNull();
  }

  @Test
  void many_threads_publish_and_read_at_once() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        byte[] content = bytes(100 + i, 50_000 + i * 10_007);
        BlobId blob = i % 2 == 0 ? sha256(content) : gitSha1(content);
        all.add(
            threads.submit(() -> {
              publish(store, REPO, blob, content);
              assertThat(read(store, REPO, blob)).hasValue(content);
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
    assertThat(store.maintenance().usage().blobs()).isEqualTo(24);
  }

  @Test
  void an_open_blob_is_read_by_many_threads() throws Exception {
    byte[] content = bytes(16, 3_000_000);
    BlobId blob = sha256(content);
    publish(store, REPO, blob, content);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        StoredBlob stored = store.published().open(everybody(REPO, blob)).orElseThrow()) {
      assertThat(stored.size()).isEqualTo(content.length);
      List<Future<byte[]>> readers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        readers.add(threads.submit(() -> readAll(stored)));
      }
      for (Future<byte[]> reader : readers) {
        assertThat(reader.get()).isEqualTo(content);
      }
    }
  }
}
