package io.intrahub.store.fs;

import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.Digest;
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
final class PublishedBlobsTest {
  @TempDir Path folder;

  private final SettableClock clock = new SettableClock();
  private final BlobIndex index = new BlobIndex();
  private final BlobUses uses = new BlobUses();
  private final Set<BlobKey> written = new HashSet<>();
  private TestDisk disk;
  private Layout.Place place;
  private PublishedBlobs blobs;

  @BeforeEach
  void publish() throws IOException {
    disk = new TestDisk(folder);
    Layout layout = new Layout(folder);
    byte[] content = bytes(1, 1000);
    place = layout.shared((Digest.Sha256) sha256(content).digest());
    Files.createDirectories(place.blob().getParent());
    Files.write(place.blob(), content);
    index.put(place.key(), 1000, BlobIndex.Trust.VERIFIED, clock.instant());
    CurrentBlobs current =
        new CurrentBlobs(
            disk, layout, index, new MetadataIndex(disk, layout, Clock.systemUTC()), () -> false);
    blobs =
        new PublishedBlobs(disk, layout, index, uses, new Stripes(), current, written::contains);
  }

  private void assertStays() {
    assertThat(place.blob()).exists();
    assertThat(index.bytes()).isEqualTo(1000);
    assertThat(index.trust(place.key(), 1000)).isEqualTo(BlobIndex.Trust.VERIFIED);
  }

  @Test
  void what_nobody_uses_goes() throws IOException {
    assertThat(blobs.evict(place.key())).isEqualTo(1000);

    assertThat(place.blob()).doesNotExist();
    assertThat(index.bytes() + index.count()).isZero();
    assertThat(uses.inUse(place.key())).isFalse();
    assertThat(blobs.evict(place.key())).isZero();
  }

  @Test
  void what_was_opened_since_stays() throws IOException {
    BlobUses.Use one = uses.begin(place.key()).orElseThrow();
    BlobUses.Use two = uses.begin(place.key()).orElseThrow();
    one.close();
    one.close();

    assertThat(blobs.evict(place.key())).isZero();
    assertStays();

    two.close();
    assertThat(blobs.evict(place.key())).isEqualTo(1000);
  }

  @Test
  void what_somebody_began_to_write_since_stays() throws IOException {
    written.add(place.key());

    assertThat(blobs.evict(place.key())).isZero();
    assertStays();
    assertThat(uses.inUse(place.key())).isFalse();
  }

  @Test
  void what_can_not_be_removed_is_as_it_was() {
    disk.fail(1, TestDisk.Fault.IO_ERROR);

    assertThatThrownBy(() -> blobs.evict(place.key())).isInstanceOf(IOException.class);
    assertStays();
    assertThat(index.lastUse(place.key())).hasValue(clock.instant());
    assertThat(uses.begin(place.key())).isPresent();
  }

  @Test
  void nobody_comes_in_while_it_is_removed() {
    assertThat(uses.tryRemove(place.key())).isTrue();

    assertThat(uses.begin(place.key())).isEqualTo(Optional.empty());
    assertThat(uses.tryRemove(place.key())).isFalse();

    uses.removed(place.key());
    assertThat(uses.begin(place.key())).isPresent();
  }
}
