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
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store promises about blobs. {@link RepoStoreContract} adds the rest. */
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
    assertThat(store.usage().writers()).as("leaked writers").isZero();
    assertThat(store.usage().reserved()).as("leaked reservations").isZero();
    assertNoLeftovers();
    store.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_536, 65_537, 300_000, 1 << 20, (1 << 20) + 1, 3_000_000})
  void a_published_blob_reads_back_as_it_was_written(int size) throws Exception {
    byte[] content = bytes(1, size);
    for (BlobId blob : List.of(sha256(content), gitSha1(content))) {
      assertThat(read(store.blobs(), REPO, blob)).isEmpty();
      assertThat(store.blobs().contains(everybody(REPO), blob)).isFalse();

      assertThat(publish(store.blobs(), REPO, blob, content))
          .isEqualTo(BlobWriter.Verdict.PUBLISHED);

      assertThat(read(store.blobs(), REPO, blob)).hasValue(content);
      assertThat(store.blobs().contains(everybody(REPO), blob)).isTrue();
    }
    assertThat(store.usage().blobs()).isEqualTo(2);
    assertThat(store.usage().bytes()).isEqualTo(2L * size);
  }

  @Test
  void a_blob_is_invisible_until_it_is_published() throws Exception {
    byte[] content = bytes(2, 100_000);
    BlobId blob = sha256(content);
    try (BlobWriter writer = store.blobs().write(REPO, blob)) {
      writer.write(ByteBuffer.wrap(content));
      assertThat(store.blobs().contains(everybody(REPO), blob)).isFalse();
      assertThat(store.blobs().open(everybody(REPO), blob)).isEmpty();
    }
    assertThat(store.blobs().open(everybody(REPO), blob)).isEmpty();
    assertThat(store.usage().blobs()).isZero();
  }

  @Test
  void a_wrong_digest_publishes_nothing_and_the_next_fill_can_succeed() throws Exception {
    byte[] content = bytes(3, 200_000);
    BlobId blob = sha256(content);
    byte[] wrong = content.clone();
    wrong[150_000] ^= 1;

    assertThat(publish(store.blobs(), REPO, blob, wrong)).isEqualTo(BlobWriter.Verdict.WRONG);
    assertThat(read(store.blobs(), REPO, blob)).isEmpty();

    assertThat(publish(store.blobs(), REPO, blob, content)).isEqualTo(BlobWriter.Verdict.PUBLISHED);
    assertThat(read(store.blobs(), REPO, blob)).hasValue(content);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 99_999})
  void a_blob_that_ends_too_early_is_wrong(int length) throws Exception {
    byte[] content = bytes(4, 100_000);
    BlobId blob = gitSha1(content);
    try (BlobWriter writer = store.blobs().write(REPO, blob)) {
      writer.write(ByteBuffer.wrap(content, 0, length));
      assertThat(writer.publish()).isEqualTo(BlobWriter.Verdict.WRONG);
    }
    assertThat(read(store.blobs(), REPO, blob)).isEmpty();
  }

  @Test
  void a_stump_is_wrong_even_when_its_digest_is_that_of_the_name() throws Exception {
    byte[] content = bytes(5, 1000);
    BlobId claimed = new BlobId(sha256(content).digest(), 2000);
    assertThat(publish(store.blobs(), REPO, claimed, content)).isEqualTo(BlobWriter.Verdict.WRONG);
    assertThat(read(store.blobs(), REPO, sha256(content))).isEmpty();
  }

  @Test
  void more_bytes_than_the_blob_has_fail_the_writer_but_not_its_readers() throws Exception {
    byte[] content = bytes(6, 1000);
    BlobId blob = sha256(content);
    try (BlobWriter writer = store.blobs().write(REPO, blob)) {
      writer.write(ByteBuffer.wrap(content, 0, 990));
      assertThatThrownBy(() -> writer.write(ByteBuffer.wrap(content, 0, 11)))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> writer.write(ByteBuffer.wrap(content, 990, 10)))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(writer::publish).isInstanceOf(IOException.class);
      ByteBuffer into = ByteBuffer.allocate(2000);
      assertThat(writer.read(into, 0)).isPositive();
      assertThat(into.array()).startsWith(content[0], content[1], content[2]);
    }
    assertThat(read(store.blobs(), REPO, blob)).isEmpty();
  }

  @Test
  void a_blob_with_another_size_than_asked_for_is_absent_and_stays() throws Exception {
    byte[] content = bytes(7, 5000);
    BlobId blob = sha256(content);
    publish(store.blobs(), REPO, blob, content);
    BlobId claimed = new BlobId(blob.digest(), 4999);
    assertThat(store.blobs().contains(everybody(REPO), claimed)).isFalse();
    assertThat(read(store.blobs(), REPO, claimed)).isEmpty();
    assertThat(read(store.blobs(), REPO, blob)).hasValue(content);
  }

  @Test
  void a_sha256_is_one_blob_for_all_repos_and_may_be_published_again() throws Exception {
    byte[] content = bytes(8, 200_000);
    BlobId blob = sha256(content);
    publish(store.blobs(), REPO, blob, content);
    assertThat(read(store.blobs(), OTHER, blob)).hasValue(content);

    assertThat(publish(store.blobs(), OTHER, blob, content))
        .isEqualTo(BlobWriter.Verdict.PUBLISHED);
    assertThat(read(store.blobs(), REPO, blob)).hasValue(content);
    assertThat(store.usage().blobs()).isEqualTo(1);
    assertThat(store.usage().bytes()).isEqualTo(content.length);
  }

  @Test
  void a_git_blob_belongs_to_its_repo_alone() throws Exception {
    byte[] content = bytes(9, 300);
    BlobId blob = gitSha1(content);
    publish(store.blobs(), REPO, blob, content);
    assertThat(store.blobs().contains(everybody(OTHER), blob)).isFalse();
    assertThat(read(store.blobs(), OTHER, blob)).isEmpty();
    assertThat(read(store.blobs(), REPO, blob)).hasValue(content);
  }

  @Test
  void two_writers_of_one_blob_are_refused_and_of_two_repos_git_blobs_are_not() throws Exception {
    byte[] content = bytes(10, 300);
    try (BlobWriter first = store.blobs().write(REPO, sha256(content));
        BlobWriter git = store.blobs().write(REPO, gitSha1(content));
        BlobWriter otherGit = store.blobs().write(OTHER, gitSha1(content))) {
      assertThatThrownBy(() -> store.blobs().write(OTHER, sha256(content)))
          .isInstanceOf(IOException.class);
      assertThat(store.usage().writers()).isEqualTo(3);
      assertThat(store.usage().reserved()).isEqualTo(900);
      assertThat(first.position() + git.position() + otherGit.position()).isZero();
    }
    assertThat(publish(store.blobs(), OTHER, sha256(content), content))
        .isEqualTo(BlobWriter.Verdict.PUBLISHED);
  }

  @Test
  void a_writer_can_be_closed_twice_and_publishes_once() throws Exception {
    byte[] content = bytes(11, 300);
    BlobWriter writer = store.blobs().write(REPO, sha256(content));
    writer.write(ByteBuffer.wrap(content));
    assertThat(writer.publish()).isEqualTo(BlobWriter.Verdict.PUBLISHED);
    assertThatThrownBy(writer::publish).isInstanceOf(IOException.class);
    writer.close();
    writer.close();
    assertThatThrownBy(() -> writer.write(ByteBuffer.wrap(content)))
        .isInstanceOf(IOException.class);
    assertThat(read(store.blobs(), REPO, sha256(content))).hasValue(content);
  }

  @Test
  void reading_outside_of_what_is_there_is_an_error_and_never_zero_bytes() throws Exception {
    byte[] content = bytes(12, 2_000_000);
    BlobId blob = sha256(content);
    try (BlobWriter writer = store.blobs().write(REPO, blob)) {
      writer.write(ByteBuffer.wrap(content, 0, 1000));
      assertThatThrownBy(() -> writer.read(ByteBuffer.allocate(1), 1000))
          .isInstanceOf(IOException.class);
      assertThat(writer.read(ByteBuffer.allocate(5000), 999)).isEqualTo(1);
    }
    publish(store.blobs(), REPO, blob, content);
    try (StoredBlob stored = store.blobs().open(everybody(REPO), blob).orElseThrow()) {
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
    try (BlobWriter writer = store.blobs().write(REPO, blob)) {
      writer.write(direct);
      assertThat(direct.remaining()).isZero();
      assertThat(writer.position()).isEqualTo(10_000);
      assertThat(writer.publish()).isEqualTo(BlobWriter.Verdict.PUBLISHED);
    }
    assertThat(read(store.blobs(), REPO, blob)).hasValue(content);
  }

  @Test
  void many_readers_follow_a_growing_writer_and_see_only_right_bytes() throws Exception {
    byte[] content = bytes(14, 4_000_000);
    BlobId blob = sha256(content);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        BlobWriter writer = store.blobs().write(REPO, blob)) {
      List<Future<Boolean>> readers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        readers.add(threads.submit(() -> follow(writer, content)));
      }
      for (int at = 0; at < content.length; at += 37_123) {
        writer.write(ByteBuffer.wrap(content, at, Math.min(37_123, content.length - at)));
      }
      assertThat(writer.publish()).isEqualTo(BlobWriter.Verdict.PUBLISHED);
      for (Future<Boolean> reader : readers) {
        assertThat(reader.get()).isTrue();
      }
    }
  }

  private static boolean follow(BlobWriter writer, byte[] content) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(50_000);
    long at = 0;
    while (at < content.length) {
      if (at == writer.position()) {
        Thread.onSpinWait();
        Thread.yield();
        continue;
      }
      into.clear();
      int count = writer.read(into, at);
      for (int i = 0; i < count; i++) {
        if (into.get(i) != content[(int) at + i]) {
          return false;
        }
      }
      at += count;
    }
    return true;
  }

  @Test
  void an_interrupted_reader_does_not_hurt_the_writer_or_other_readers() throws Exception {
    byte[] content = bytes(15, 2_000_000);
    BlobId blob = sha256(content);
    try (BlobWriter writer = store.blobs().write(REPO, blob)) {
      writer.write(ByteBuffer.wrap(content, 0, 1_000_000));
      Thread victim =
          Thread.ofVirtual()
              .start(() -> {
                Thread.currentThread().interrupt();
                try {
                  int count = writer.read(ByteBuffer.allocate(10), 0);
                  assertThat(count).isPositive();
                } catch (IOException e) {
                  assertThat(e).isInstanceOf(java.nio.channels.ClosedChannelException.class);
                }
              });
      victim.join();
      ByteBuffer into = ByteBuffer.allocate(1000);
      assertThat(writer.read(into, 500_000)).isPositive();
      writer.write(ByteBuffer.wrap(content, 1_000_000, 1_000_000));
      assertThat(writer.publish()).isEqualTo(BlobWriter.Verdict.PUBLISHED);
    }
    assertThat(read(store.blobs(), REPO, blob)).hasValue(content);
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
              publish(store.blobs(), REPO, blob, content);
              assertThat(read(store.blobs(), REPO, blob)).hasValue(content);
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
    assertThat(store.usage().blobs()).isEqualTo(24);
  }

  @Test
  void an_open_blob_is_read_by_many_threads() throws Exception {
    byte[] content = bytes(16, 3_000_000);
    BlobId blob = sha256(content);
    publish(store.blobs(), REPO, blob, content);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        StoredBlob stored = store.blobs().open(everybody(REPO), blob).orElseThrow()) {
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
