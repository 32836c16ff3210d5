package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.fs.BlobScrubber.Fault;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A check of what is stored, beside everything else that a store does. */
final class FsScrubTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final byte[] FIRST = bytes(1, 300_000);
  private static final byte[] SECOND = bytes(2, 200_000);

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private final SettableClock clock = new SettableClock();
  private final List<Fault> faults = new ArrayList<>();
  private TestDisk disk;
  private boolean hasNoQuarantine;
  private FsStore store;
  private long right;
  private long read;

  @BeforeEach
  void fill() throws Exception {
    Path data = folder.resolve("data");
    disk =
        new TestDisk(data) {
          @Override
          public void rename(Path from, Path to) throws IOException {
            if (hasNoQuarantine && to.startsWith(data.resolve("quarantine"))) {
              throw new IOException("Permission denied");
            }
            super.rename(from, to);
          }
        };
    // Two of these do not fit: the least recently used goes.
    store =
        FsStore.open(data, clock, new DiskBudgetSettings(600_000, 0, 95, 90), disk, new Random(1));
    publish(store, REPO, sha256(FIRST), FIRST);
    clock.pass(Duration.ofMinutes(1));
    publish(store, REPO, sha256(SECOND), SECOND);
    clock.pass(Duration.ofMinutes(1));
  }

  @AfterEach
  void close() {
    store.close();
  }

  /** Notes what it is told. */
  private class Notes implements BlobScrubber.Listener {
    @Override
    public void read(int bytes) throws IOException {
      read += bytes;
    }

    @Override
    public void right(long size) {
      right++;
    }

    @Override
    public void wrong(BlobKey blob, long size, Fault fault) {
      faults.add(fault);
    }
  }

  @Test
  void everything_is_read_and_nothing_counts_as_used() throws Exception {
    store.scrubber().all(new Notes());

    assertThat(right).isEqualTo(2);
    assertThat(read).isEqualTo(FIRST.length + SECOND.length);
    byte[] third = bytes(3, 250_000);
    publish(store, REPO, sha256(third), third);
    assertThat(store.published().contains(everybody(REPO, sha256(FIRST)))).isFalse();
    assertThat(store.published().contains(everybody(REPO, sha256(SECOND)))).isTrue();
  }

  @Test
  void a_blob_is_read_by_a_client_while_it_is_checked() throws Exception {
    List<Integer> served = new ArrayList<>();
    store
        .scrubber()
        .all(
            new Notes() {
              @Override
              public void read(int bytes) throws IOException {
                try (StoredBlob blob =
                    store.published().open(everybody(REPO, sha256(FIRST))).orElseThrow()) {
                  served.add(blob.read(ByteBuffer.allocate(1000), 0));
                }
              }
            });

    assertThat(served).isNotEmpty().doesNotContain(0);
    assertThat(right).isEqualTo(2);
  }

  @Test
  void what_cannot_be_read_stays_and_is_told_apart_from_what_is_damaged() throws Exception {
    Path second = BlobFiles.of(folder.resolve("data"), sha256(SECOND));
    byte[] wrong = SECOND.clone();
    wrong[7] ^= 1;
    Files.delete(second);
    Files.write(second, wrong);
    store.scrubber().all(new Notes());
    assertThat(faults).containsExactly(Fault.DAMAGED);
    assertThat(second).doesNotExist();
    assertThat(folder.resolve("data/quarantine")).isNotEmptyDirectory();

    disk.fail(2, TestDisk.Fault.IO_ERROR);
    store.scrubber().all(new Notes());

    assertThat(disk.failed()).isTrue();
    assertThat(faults).containsExactly(Fault.DAMAGED, Fault.UNREADABLE);
    assertThat(store.published().contains(everybody(REPO, sha256(FIRST)))).isFalse();
    assertThat(BlobFiles.of(folder.resolve("data"), sha256(FIRST))).exists();
    store.scrubber().all(new Notes());
    assertThat(store.published().contains(everybody(REPO, sha256(FIRST)))).isTrue();
  }

  @Test
  void damage_that_cannot_be_moved_away_is_not_served() throws Exception {
    Path second = BlobFiles.of(folder.resolve("data"), sha256(SECOND));
    byte[] wrong = SECOND.clone();
    wrong[7] ^= 1;
    Files.delete(second);
    Files.write(second, wrong);
    hasNoQuarantine = true;

    store.scrubber().all(new Notes());

    assertThat(faults).containsExactly(Fault.NOT_MOVED);
    assertThat(second).hasBinaryContent(wrong);
    assertThat(store.published().contains(everybody(REPO, sha256(SECOND)))).isFalse();
    assertThat(store.published().open(everybody(REPO, sha256(SECOND)))).isEmpty();
    hasNoQuarantine = false;
    publish(store, REPO, sha256(SECOND), SECOND);
    assertThat(second).hasBinaryContent(SECOND);
    assertThat(store.published().contains(everybody(REPO, sha256(SECOND)))).isTrue();
  }

  @Test
  void a_check_that_is_ended_says_nothing_about_the_blob() {
    assertThatThrownBy(() ->
            store
                .scrubber()
                .all(
                    new Notes() {
                      @Override
                      public void read(int bytes) throws IOException {
                        throw new IOException("enough");
                      }
                    }))
        .isInstanceOf(IOException.class)
        .hasRootCauseMessage("enough");

    assertThat(faults).isEmpty();
    assertThat(store.published().contains(everybody(REPO, sha256(FIRST)))).isTrue();
    assertThat(store.published().contains(everybody(REPO, sha256(SECOND)))).isTrue();
  }

  @Test
  void an_interrupt_ends_a_check_at_once_and_says_nothing_about_the_blobs() {
    assertThatThrownBy(() ->
            store
                .scrubber()
                .all(
                    new Notes() {
                      @Override
                      public void read(int bytes) throws IOException {
                        super.read(bytes);
                        Thread.currentThread().interrupt();
                      }
                    }))
        .isInstanceOf(IOException.class);

    assertThat(Thread.interrupted()).isTrue();
    assertThat(right + faults.size()).isZero();
    assertThat(read).as("one buffer").isLessThan(SECOND.length);
    assertThat(store.published().contains(everybody(REPO, sha256(FIRST)))).isTrue();
    assertThat(store.published().contains(everybody(REPO, sha256(SECOND)))).isTrue();
  }

  @Test
  void a_store_that_is_closed_ends_a_check_at_once() {
    assertThatThrownBy(() ->
            store
                .scrubber()
                .all(
                    new Notes() {
                      @Override
                      public void read(int bytes) throws IOException {
                        super.read(bytes);
                        store.close();
                      }
                    }))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the store is closed");

    assertThat(right + faults.size()).isZero();
    assertThat(read).as("one buffer").isLessThan(SECOND.length);
  }

  /** As the disk says it whose thread is interrupted while it waits. */
  @Test
  void a_read_that_is_interrupted_counts_no_blob_as_unreadable() {
    disk.fail(2, TestDisk.Fault.INTERRUPTED);

    assertThatThrownBy(() -> store.scrubber().all(new Notes()))
        .isInstanceOf(InterruptedIOException.class);

    assertThat(right + faults.size()).isZero();
    assertThat(store.published().contains(everybody(REPO, sha256(FIRST)))).isTrue();
    assertThat(store.published().contains(everybody(REPO, sha256(SECOND)))).isTrue();
  }
}
