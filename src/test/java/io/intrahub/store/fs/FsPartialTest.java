package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.piece;
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
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is believed of a blob that is not whole, and what is not. */
final class FsPartialTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-24T10:00:00Z"), ZoneOffset.UTC);
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final byte[] CONTENT = bytes(1, 9 * PartialBlob.PIECE + 70);
  private static final BlobId BLOB = sha256(CONTENT);
  private static final Optional<String> BOOT = Optional.of("the first boot");

  @TempDir Path folder;

  private TestDisk disk;
  private FsStore store;

  @BeforeEach
  void open() throws StoreException {
    open(BOOT);
  }

  private void open(Optional<String> boot) throws StoreException {
    disk = new TestDisk(folder);
    disk.boot = boot;
    store = FsStore.open(folder, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  /** The process is killed, and another starts. */
  private void reopen(Optional<String> boot) throws StoreException {
    store.release();
    open(boot);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private PartialBlob write() throws IOException {
    return store.scratch().write(everybody(REPO, BLOB));
  }

  private static BitSet set(int... pieces) {
    return IntStream.of(pieces).collect(BitSet::new, BitSet::set, BitSet::or);
  }

  private BitSet found() throws IOException {
    try (PartialBlob partial = write()) {
      BitSet found = partial.found();
      for (int i = found.nextSetBit(0); i >= 0; i = found.nextSetBit(i + 1)) {
        assertThat(piece(partial, BLOB.size(), i)).isEqualTo(piece(CONTENT, i));
      }
      return found;
    }
  }

  private Path data() {
    return data(BLOB);
  }

  private Path data(BlobId blob) {
    return folder.resolve("partial/sha256-" + blob.digest().hex() + "-" + blob.size() + "/data");
  }

  private Path pieces() {
    return data().resolveSibling("pieces");
  }

  private List<Path> quarantine() throws IOException {
    try (var all = Files.list(folder.resolve("quarantine"))) {
      return all.toList();
    }
  }

  /** A blob with pieces 1 and 9 synced and 4 marked only, by a process that was killed. */
  private void killedInTheMiddle() throws IOException {
    PartialBlob partial = write();
    put(partial, CONTENT, 1);
    put(partial, CONTENT, 9);
    partial.sync();
    put(partial, CONTENT, 4);
    partial.write(ByteBuffer.wrap(CONTENT, 0, 1000), 0);
  }

  @Test
  void after_a_kill_all_that_was_marked_is_found() throws Exception {
    killedInTheMiddle();
    reopen(BOOT);
    assertThat(found()).isEqualTo(set(1, 4, 9));
  }

  @Test
  void after_another_boot_only_what_was_synced_is_found() throws Exception {
    killedInTheMiddle();
    reopen(Optional.of("the second boot"));
    assertThat(found()).isEqualTo(set(1, 9));
  }

  @Test
  void an_unknown_boot_is_never_the_same() throws Exception {
    reopen(Optional.empty());
    killedInTheMiddle();
    reopen(Optional.empty());
    assertThat(found()).isEqualTo(set(1, 9));
    reopen(BOOT);
    assertThat(found()).isEqualTo(set(1, 9));
  }

  @Test
  void marks_of_an_older_boot_stay_worthless_when_the_blob_goes_on() throws Exception {
    killedInTheMiddle();
    reopen(Optional.of("the second boot"));
    PartialBlob partial = write();
    put(partial, CONTENT, 5);
    partial.sync();
    put(partial, CONTENT, 6);
    reopen(Optional.of("the second boot"));
    assertThat(found()).isEqualTo(set(1, 5, 6, 9));
    reopen(Optional.of("the third boot"));
    assertThat(found()).as("closed in order, so synced").isEqualTo(set(1, 5, 6, 9));
  }

  @Test
  void a_blob_that_is_closed_survives_another_boot() throws Exception {
    try (PartialBlob partial = write()) {
      put(partial, CONTENT, 3);
    }
    reopen(Optional.of("the second boot"));
    assertThat(found()).isEqualTo(set(3));
  }

  @Test
  void the_walk_counts_what_is_good_and_drops_the_rest() throws Exception {
    killedInTheMiddle();
    BlobId git = gitSha1(CONTENT);
    Path repoPartial = folder.resolve("repos/models--acme--tiny/partial");
    PartialBlob large = store.scratch().write(everybody(REPO, git));
    put(large, CONTENT, 0);
    byte[] small = bytes(2, 3000);
    PartialBlob gone = store.scratch().write(everybody(REPO, gitSha1(small)));
    put(gone, small, 0);
    Path noMap = Files.createDirectory(folder.resolve("partial/sha256-" + "a".repeat(64) + "-1"));
    Files.writeString(noMap.resolve("data"), "x");
    Path noData =
        Files.createDirectory(
            folder.resolve("partial/sha256-" + "b".repeat(64) + "-" + BLOB.size()));
    Files.copy(pieces(), noData.resolve("pieces"));
    Path other =
        Files.createDirectory(
            folder.resolve("partial/sha256-" + "c".repeat(64) + "-" + BLOB.size()));
    Files.copy(pieces(), other.resolve("pieces"));
    Files.copy(data(), other.resolve("data"));
    Files.createDirectory(other.resolve("folder"));
    Path lonelyMap = repoPartial.resolve("sha1-" + "d".repeat(40) + "-" + BLOB.size() + ".pieces");
    Files.copy(pieces(), lonelyMap);
    Path file = Files.writeString(folder.resolve("partial/sha256-" + "e".repeat(64) + "-1"), "x");

    reopen(BOOT);
    assertThat(noMap).doesNotExist();
    assertThat(store.usage().partials()).isZero();
    for (int i = 0; i < 2; i++) {
      store.scan();
      assertThat(store.usage().counted()).isTrue();
      assertThat(store.usage().partials()).isEqualTo(2);
      assertThat(store.usage().partialBytes()).isEqualTo(3L * PartialBlob.PIECE + 70);
      assertThat(List.of(noData, other, lonelyMap, file)).noneMatch(Files::exists);
      assertThat(data()).exists();
      try (var left = Files.list(repoPartial)) {
        assertThat(left)
            .containsExactlyInAnyOrder(
                repoPartial.resolve("sha1-" + git.digest().hex() + "-" + git.size()),
                repoPartial.resolve("sha1-" + git.digest().hex() + "-" + git.size() + ".pieces"));
      }
    }
    try (PartialBlob partial = write()) {
      store.scan();
      assertThat(store.usage().partials()).isEqualTo(1);
      assertThat(partial.found()).isEqualTo(set(1, 4, 9));
    }
    assertThat(store.usage().partials()).isEqualTo(2);
  }

  /** Ways in which what lies there is not what the store left. */
  private enum Damage {
    DATA_SHORT,
    DATA_LONG,
    DATA_GONE,
    DATA_LINKED,
    DATA_IS_FOLDER,
    DATA_IS_PUBLISHED,
    MAP_SHORT,
    MAP_LONG,
    MAP_EMPTY,
    MAP_GONE,
    MAP_LINKED,
    MAP_OF_OTHER_VERSION,
    MAP_OF_OTHER_PIECE_SIZE,
    MAP_OF_OTHER_BLOB,
    FOLDER_LINKED
  }

  @ParameterizedTest
  @EnumSource
  void what_does_not_fit_begins_anew(Damage damage) throws Exception {
    killedInTheMiddle();
    store.release();
    Path elsewhere = Files.createDirectory(folder.resolve("quarantine/elsewhere"));
    byte[] map = Files.readAllBytes(pieces());
    switch (damage) {
      case DATA_SHORT -> Files.write(data(), Arrays.copyOf(Files.readAllBytes(data()), 2_000_000));
      case DATA_LONG -> Files.write(data(), Arrays.copyOf(CONTENT, CONTENT.length + 1));
      case DATA_GONE -> Files.delete(data());
      case DATA_LINKED -> link(data(), elsewhere.resolve("x"));
      case DATA_IS_FOLDER -> {
        Files.delete(data());
        Files.createDirectory(data());
      }
      case DATA_IS_PUBLISHED -> {
        Path name = folder.resolve("blobs/sha256").resolve(BLOB.digest().hex().substring(0, 2));
        Files.createDirectories(name);
        Files.createLink(name.resolve(BLOB.digest().hex()), data());
      }
      case MAP_SHORT -> Files.write(pieces(), Arrays.copyOf(map, map.length - 1));
      case MAP_LONG -> Files.write(pieces(), Arrays.copyOf(map, map.length + 1));
      case MAP_EMPTY -> Files.write(pieces(), new byte[0]);
      case MAP_GONE -> Files.delete(pieces());
      case MAP_LINKED -> link(pieces(), elsewhere.resolve("x"));
      case MAP_OF_OTHER_VERSION -> changed(map, 7);
      case MAP_OF_OTHER_PIECE_SIZE -> changed(map, 9);
      case MAP_OF_OTHER_BLOB -> changed(map, 40);
      case FOLDER_LINKED -> link(data().getParent(), elsewhere.resolve("x"));
    }
    open(BOOT);
    assertThat(found()).isEqualTo(set());
    if (damage.name().endsWith("LINKED")) {
      assertThat(elsewhere.resolve("x")).as("where the link leads").exists();
    }
    try (PartialBlob partial = write()) {
      put(partial, CONTENT, 2);
    }
    assertThat(found()).isEqualTo(set(2));
  }

  private void link(Path path, Path to) throws IOException {
    Files.move(path, to);
    Files.createSymbolicLink(path, to);
  }

  private void changed(byte[] map, int at) throws IOException {
    map[at] ^= 1;
    Files.write(pieces(), map);
  }

  @Test
  void the_pieces_are_sparse_and_private_and_the_map_small() throws Exception {
    BlobId huge = new BlobId(BLOB.digest(), 64L << 30);
    try (PartialBlob partial = store.scratch().write(everybody(REPO, huge))) {
      partial.write(ByteBuffer.wrap(CONTENT, 0, 100), huge.size() - 100);
      partial.mark(PartialBlob.pieces(huge.size()) - 1);
      assertThat(Files.size(data(huge))).isEqualTo(64L << 30);
      Path map = data(huge).resolveSibling("pieces");
      for (Path path : List.of(data(huge), map)) {
        assertThat(Files.getPosixFilePermissions(path))
            .isEqualTo(PosixFilePermissions.fromString("rw-------"));
      }
      assertThat(Files.size(map)).isLessThan(3L << 20);
    }
    assertThat(store.usage().partialBytes()).isEqualTo(PartialBlob.PIECE);
  }

  @Test
  void a_map_that_can_not_be_opened_is_not_thrown_away() throws Exception {
    killedInTheMiddle();
    store.release();
    boolean[] many = {true};
    disk =
        new TestDisk(folder) {
          @Override
          public File open(Path path) throws IOException {
            if (many[0] && path.equals(pieces())) {
              throw new FileSystemException(path.toString(), null, "Too many open files");
            }
            return super.open(path);
          }
        };
    store = FsStore.open(folder, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1));
    store.scan();
    assertThatThrownBy(this::write).isInstanceOf(FileSystemException.class);
    assertThat(store.usage().writers()).isZero();
    many[0] = false;
    assertThat(found()).isEqualTo(set(1, 4, 9));
  }

  @Test
  void what_failed_to_be_forced_is_not_believed_even_if_it_can_not_be_deleted() throws Exception {
    store.release();
    boolean[] ill = {false};
    disk =
        new TestDisk(folder) {
          @Override
          public void delete(Path path) throws IOException {
            if (ill[0]) {
              throw new IOException("Input/output error");
            }
            super.delete(path);
          }
        };
    store = FsStore.open(folder, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1));
    try (PartialBlob partial = write()) {
      put(partial, CONTENT, 0);
      partial.sync();
      put(partial, CONTENT, 1);
      ill[0] = true;
      // The two files are opened, then the data is forced.
      disk.fail(3, TestDisk.Fault.IO_ERROR);
      assertThatThrownBy(partial::sync).isInstanceOf(IOException.class);
      assertThat(disk.failedCall()).isEqualTo("fsync " + data());
      assertThatThrownBy(partial::sync).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> put(partial, CONTENT, 2)).isInstanceOf(IOException.class);
      assertThat(piece(partial, BLOB.size(), 0)).isEqualTo(piece(CONTENT, 0));
    }
    assertThat(pieces()).exists();
    store.scan();
    assertThat(store.usage().partials()).isZero();
    assertThatThrownBy(this::write).isInstanceOf(IOException.class);
    reopen(BOOT);
    assertThat(found()).isEqualTo(set());
  }

  @Test
  void a_wrong_blob_goes_to_quarantine_and_is_not_found_again() throws Exception {
    byte[] wrong = CONTENT.clone();
    wrong[5] ^= 1;
    try (PartialBlob partial = write()) {
      for (int i = 0; i < PartialBlob.pieces(BLOB.size()); i++) {
        put(partial, wrong, i);
      }
      partial.hash(BLOB.size());
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.WRONG);
    }
    assertThat(data().getParent()).doesNotExist();
    assertThat(quarantine()).hasSize(2);
    assertThat(found()).isEqualTo(set());
  }

  @Test
  void nothing_is_touched_after_the_store_is_closed() throws Exception {
    PartialBlob partial = write();
    put(partial, CONTENT, 0);
    store.close();
    List<Path> before = new ArrayList<>(List.of(data(), pieces()));
    assertThatThrownBy(() -> put(partial, CONTENT, 1)).isInstanceOf(IOException.class);
    assertThatThrownBy(partial::sync).isInstanceOf(IOException.class);
    partial.close();
    assertThat(before).allMatch(Files::exists);
    open(BOOT);
    assertThat(found()).isEqualTo(set(0));
    assertThat(read(store, REPO, BLOB)).isEmpty();
  }
}
