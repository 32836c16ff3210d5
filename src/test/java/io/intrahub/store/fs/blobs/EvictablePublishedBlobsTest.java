package io.intrahub.store.fs.blobs;

import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.Digest;
import io.intrahub.store.fs.TestDisk;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.metadata.FsRepoCatalog;
import io.intrahub.store.fs.metadata.MetadataIndex;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens when a chosen blob's turn comes and things have changed since. */
final class EvictablePublishedBlobsTest {
  @TempDir Path folder;

  private final SettableClock clock = new SettableClock();
  private final BlobIndex index = new BlobIndex();
  private final BlobPins pins = new BlobPins();
  private final Set<BlobKey> written = new HashSet<>();
  private TestDisk disk;
  private StoreLayout.BlobPaths paths;
  private EvictablePublishedBlobs blobs;

  @BeforeEach
  void publish() throws IOException {
    disk = new TestDisk(folder);
    StoreLayout layout = new StoreLayout(folder);
    byte[] content = bytes(1, 1000);
    paths = layout.shared((Digest.Sha256) sha256(content).digest());
    Files.createDirectories(paths.blob().getParent());
    Files.write(paths.blob(), content);
    index.put(paths.key(), 1000, BlobIndex.Trust.VERIFIED, clock.instant());
    CurrentBlobMarker current =
        new CurrentBlobMarker(
            new FsRepoCatalog(disk, layout),
            index,
            new MetadataIndex(disk, layout, Clock.systemUTC()),
            () -> false);
    blobs =
        new EvictablePublishedBlobs(
            disk, layout, index, pins, new StripedLocks(), current, written::contains);
  }

  private void assertStays() {
    assertThat(paths.blob()).exists();
    assertThat(index.bytes()).isEqualTo(1000);
    assertThat(index.trust(paths.key(), 1000)).isEqualTo(BlobIndex.Trust.VERIFIED);
  }

  @Test
  void what_nobody_uses_goes() throws IOException {
    assertThat(blobs.evict(paths.key())).isEqualTo(1000);

    assertThat(paths.blob()).doesNotExist();
    assertThat(index.bytes() + index.count()).isZero();
    assertThat(pins.isPinned(paths.key())).isFalse();
    assertThat(blobs.evict(paths.key())).isZero();
  }

  @Test
  void what_was_opened_since_stays() throws IOException {
    BlobPins.Pin one = pins.pin(paths.key()).orElseThrow();
    BlobPins.Pin two = pins.pin(paths.key()).orElseThrow();
    one.close();
    one.close();

    assertThat(blobs.evict(paths.key())).isZero();
    assertStays();

    two.close();
    assertThat(blobs.evict(paths.key())).isEqualTo(1000);
  }

  @Test
  void what_somebody_began_to_write_since_stays() throws IOException {
    written.add(paths.key());

    assertThat(blobs.evict(paths.key())).isZero();
    assertStays();
    assertThat(pins.isPinned(paths.key())).isFalse();
  }

  @Test
  void what_can_not_be_removed_is_as_it_was() {
    disk.fail(1, TestDisk.Fault.IO_ERROR);

    assertThatThrownBy(() -> blobs.evict(paths.key())).isInstanceOf(IOException.class);
    assertStays();
    assertThat(index.lastUse(paths.key())).hasValue(clock.instant());
    assertThat(pins.pin(paths.key())).isPresent();
  }

  @Test
  void nobody_comes_in_while_it_is_removed() {
    assertThat(pins.tryRemove(paths.key())).isTrue();

    assertThat(pins.pin(paths.key())).isEqualTo(Optional.empty());
    assertThat(pins.tryRemove(paths.key())).isFalse();

    pins.removed(paths.key());
    assertThat(pins.pin(paths.key())).isPresent();
  }
}
