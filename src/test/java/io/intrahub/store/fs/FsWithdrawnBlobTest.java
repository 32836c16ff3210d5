package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A blob that had its name for a moment, because the name could not be made durable. */
final class FsWithdrawnBlobTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final byte[] CONTENT = bytes(1, 70_000);
  private static final BlobId BLOB = sha256(CONTENT);

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  /** Its folder can't be forced to the disk, and the blob in it is read just before that fails. */
  private static final class ReadDisk extends TestDisk {
    private final Path fan;
    private final List<byte[]> seen = new ArrayList<>();
    private FsStore store;

    ReadDisk(Path data) {
      super(data);
      fan = BlobFiles.of(data, BLOB).getParent();
    }

    @Override
    public void forceFolder(Path path) throws IOException {
      if (path.equals(fan)) {
        read(store, REPO, BLOB).ifPresent(seen::add);
        throw new IOException("fsync " + path + ": Input/output error");
      }
      super.forceFolder(path);
    }
  }

  @Test
  void a_blob_whose_name_is_taken_back_is_not_counted_and_leaves_the_shared_folder_too()
      throws Exception {
    Path data = folder.resolve("data");
    ReadDisk disk = new ReadDisk(data);
    List<BlobKey> removed = new ArrayList<>();
    try (FsStore store =
        FsStore.open(data, new SettableClock(), DiskBudgetSettings.DEFAULT, disk, new Random(1))) {
      disk.store = store;
      store.onBlobRemoved(removed::add);

      assertThatThrownBy(() -> publish(store, REPO, BLOB, CONTENT)).isInstanceOf(IOException.class);

      assertThat(disk.seen).as("read under its name").containsExactly(CONTENT);
      assertThat(BlobFiles.of(data, BLOB)).doesNotExist();
      assertThat(store.published().contains(everybody(REPO, BLOB))).isFalse();
      assertThat(store.usage().bytes()).isZero();
      assertThat(removed).containsExactly(BlobKey.of("", BLOB.digest()));
    }
  }
}
