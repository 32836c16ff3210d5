package io.intrahub.store.fs.partial;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.put;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.TestDisk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Any repo can claim any size for a digest, and must not hurt the repo that claims the right one.
 */
final class FsClaimedSizesTest {
  private static final RepoId HONEST = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final RepoId LIAR = new RepoId(RepoType.DATASET, "evil/tiny");
  private static final byte[] CONTENT = bytes(1, 9 * PartialBlob.PIECE + 70);
  private static final BlobId BLOB = sha256(CONTENT);

  @TempDir Path folder;

  private final SettableClock clock = new SettableClock();
  private TestDisk disk;
  private FsStore store;

  @BeforeEach
  void open() throws StoreException {
    disk = new TestDisk(folder);
    store = FsStore.open(folder, clock, DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  @AfterEach
  void close() {
    assertThat(store.usage().writers()).isZero();
    assertThat(store.usage().reserved()).isZero();
    assertThat(store.usage().unpublished()).isZero();
    store.close();
    assertThat(disk.openFiles()).isZero();
  }

  /** The process is killed, and another starts. */
  private void crash() throws StoreException {
    store.release();
    open();
  }

  private static BlobId claim(long size) {
    return new BlobId(BLOB.digest(), size);
  }

  /** Leaves one piece of a claimed size behind. */
  private void leaveOnePiece(RepoId repo, long size) throws IOException {
    try (PartialBlob partial = store.scratch().write(everybody(repo, claim(size)))) {
      put(partial, CONTENT, 1);
    }
  }

  private BitSet found(BlobId blob) throws IOException {
    try (PartialBlob partial = store.scratch().write(everybody(HONEST, blob))) {
      return partial.found();
    }
  }

  private Path partial(String name) {
    return folder.resolve("partial").resolve(name);
  }

  @Test
  void a_lie_after_a_kill_does_not_cost_the_pieces_that_are_there() throws Exception {
    PartialBlob killed = store.scratch().write(everybody(HONEST, BLOB));
    put(killed, CONTENT, 4);
    crash();
    leaveOnePiece(LIAR, BLOB.size() - 1);
    store.scan();
    assertThat(store.usage().partials()).isEqualTo(2);
    crash();
    store.scan();
    leaveOnePiece(LIAR, BLOB.size() + 1);
    assertThat(found(BLOB).stream().boxed().toList()).containsExactly(4);
  }

  @Test
  void one_repo_gets_few_sizes_of_a_digest_and_the_honest_one_gets_its_own() throws Exception {
    leaveOnePiece(LIAR, 3_000_000);
    leaveOnePiece(LIAR, 3_000_001);
    for (long size : new long[] {3_000_002, 5_000_000_000L}) {
      assertThatThrownBy(() -> leaveOnePiece(LIAR, size))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("too many sizes");
    }
    assertThat(store.usage().partials()).isEqualTo(2);
    leaveOnePiece(LIAR, 3_000_000);
    assertThat(found(BLOB).isEmpty()).isTrue();
    byte[] other = bytes(2, 2_000_000);
    try (PartialBlob honest = store.scratch().write(everybody(LIAR, sha256(other)))) {
      assertThat(honest.found().isEmpty()).as("of another digest it may have one").isTrue();
    }
  }

  @Test
  void many_repos_get_no_more_than_some_sizes_and_those_that_nobody_uses_go() throws Exception {
    for (int i = 0; i < PartialIndex.PER_DIGEST; i++) {
      leaveOnePiece(new RepoId(RepoType.MODEL, "evil/r" + i), 3_000_000 + i);
      clock.pass(Duration.ofSeconds(1));
    }
    assertThatThrownBy(() -> found(BLOB)).hasMessageContaining("too many sizes");
    assertThat(store.usage().writers()).isZero();

    // The one that was left first goes, as nobody came back to it for an hour.
    clock.pass(Duration.ofHours(1).minusSeconds(PartialIndex.PER_DIGEST));
    leaveOnePiece(HONEST, BLOB.size());
    assertThat(store.usage().partials()).isEqualTo(PartialIndex.PER_DIGEST);
    assertThat(partial("sha256-" + BLOB.digest().hex() + "-3000000")).doesNotExist();
    assertThat(partial("sha256-" + BLOB.digest().hex() + "-3000001")).exists();
    assertThat(store.usage().partialBytes())
        .isEqualTo((long) PartialIndex.PER_DIGEST * PartialBlob.PIECE);
  }

  @Test
  void a_partial_blob_of_an_older_version_goes_on_under_its_new_name() throws Exception {
    leaveOnePiece(HONEST, BLOB.size());
    store.close();
    String hex = BLOB.digest().hex();
    Path now = partial("sha256-" + hex + "-" + BLOB.size());
    Path before = partial("sha256-" + hex);
    Files.move(now, before);
    open();
    assertThat(before).doesNotExist();
    assertThat(found(BLOB).stream().boxed().toList()).containsExactly(1);

    // What is there under the new name already stays.
    store.close();
    Files.createDirectory(before);
    Files.copy(now.resolve("pieces"), before.resolve("pieces"));
    open();
    assertThat(before).doesNotExist();
    assertThat(found(BLOB).stream().boxed().toList()).containsExactly(1);
  }

  @Test
  void an_old_partial_blob_whose_map_is_no_good_is_removed() throws Exception {
    leaveOnePiece(HONEST, BLOB.size());
    store.close();
    Path before = partial("sha256-" + "a".repeat(64));
    Files.move(partial("sha256-" + BLOB.digest().hex() + "-" + BLOB.size()), before);
    Path git = folder.resolve("repos/models--acme--tiny/partial/sha1-" + "b".repeat(40));
    Files.createDirectories(git.getParent());
    Files.writeString(git, "x");
    open();
    assertThat(before).doesNotExist();
    store.scan();
    assertThat(git).doesNotExist();
    assertThat(store.usage().counted()).isTrue();
  }

  @Test
  void a_git_blob_too_is_known_by_its_size() throws Exception {
    BlobId git = gitSha1(CONTENT);
    BlobId lie = new BlobId(git.digest(), git.size() + 5);
    try (PartialBlob one = store.scratch().write(everybody(HONEST, git))) {
      put(one, CONTENT, 2);
    }
    try (PartialBlob other = store.scratch().write(everybody(HONEST, lie))) {
      put(other, CONTENT, 3);
    }
    crash();
    store.scan();
    assertThat(store.usage().partials()).isEqualTo(2);
    assertThat(found(git).stream().boxed().toList()).containsExactly(2);
    assertThat(read(store, HONEST, git)).isEmpty();
  }
}
