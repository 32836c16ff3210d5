package io.intrahub.store.fs.space;

import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.policy.EvictionOrder;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The evictor among several sorts of things to evict. */
final class EvictorTest {
  private final SettableClock clock = new SettableClock();
  private final Evictor evictor = new Evictor(clock);

  /** Things of ten bytes with the times of their last use; some can't be removed. */
  private final class Things implements Evictable {
    private final EvictionOrder.Kind kind;
    private final Map<BlobKey, Long> lastUses = new LinkedHashMap<>();
    private final Set<BlobKey> inUse = new HashSet<>();
    private final Set<BlobKey> broken = new HashSet<>();

    Things(EvictionOrder.Kind kind) {
      this.kind = kind;
    }

    BlobKey add(int number, long age) {
      BlobKey key = BlobKey.of("", sha256(TestBlobs.bytes(number, 10)).digest());
      lastUses.put(key, clock.instant().getEpochSecond() - age);
      return key;
    }

    @Override
    public long bytes() {
      return 10L * lastUses.size();
    }

    @Override
    public void candidates(Instant now, List<EvictionOrder.Candidate<Item>> to) {
      lastUses.forEach((key, lastUse) ->
          to.add(
              new EvictionOrder.Candidate<>(
                  victim(key), kind, 10, lastUse, false, inUse.contains(key))));
    }

    private Item victim(BlobKey key) {
      return () -> evict(key);
    }

    private long evict(BlobKey key) throws IOException {
      if (broken.contains(key)) {
        throw new IOException("Input/output error");
      }
      // It came into use after it was chosen.
      if (lastUses.get(key) == 0) {
        inUse.add(key);
        return 0;
      }
      lastUses.remove(key);
      return 10;
    }
  }

  private long free(long target) throws IOException {
    return evictor.free(() -> evictor.bytes() - target);
  }

  @Test
  void pieces_and_blobs_go_by_one_order() throws Exception {
    Things blobs = new Things(EvictionOrder.Kind.PUBLISHED);
    Things pieces = new Things(EvictionOrder.Kind.PIECES);
    evictor.add(blobs);
    evictor.add(pieces);
    blobs.add(1, 100_000);
    BlobKey young = blobs.add(2, 10);
    pieces.add(3, 3600);
    BlobKey fresh = pieces.add(4, 20);

    assertThat(free(30)).isEqualTo(10);
    assertThat(pieces.lastUses).containsOnlyKeys(fresh);
    assertThat(free(11)).isEqualTo(20);
    assertThat(blobs.lastUses).containsOnlyKeys(young);
    assertThat(pieces.lastUses).isEmpty();
    assertThat(evictor.evictedBlobs()).isEqualTo(3);
    assertThat(evictor.evictedBytes()).isEqualTo(30);
    assertThat(free(10)).isZero();
  }

  @Test
  void for_one_that_came_into_use_another_goes() throws Exception {
    Things blobs = new Things(EvictionOrder.Kind.PUBLISHED);
    evictor.add(blobs);
    BlobKey used = blobs.add(1, clock.instant().getEpochSecond());
    blobs.add(2, 50);
    BlobKey young = blobs.add(3, 10);
    BlobKey younger = blobs.add(4, 5);

    assertThat(free(20)).isEqualTo(20);

    assertThat(blobs.lastUses).containsOnlyKeys(used, younger).doesNotContainKey(young);
  }

  @Test
  void what_can_not_be_removed_stays_and_ends_the_matter() throws Exception {
    Things blobs = new Things(EvictionOrder.Kind.PUBLISHED);
    evictor.add(blobs);
    blobs.broken.add(blobs.add(1, 50));

    assertThat(free(0)).isZero();
    assertThat(evictor.bytes()).isEqualTo(10);
    assertThat(evictor.evictedBlobs()).isZero();
  }

  @Test
  void after_the_end_nothing_goes() throws Exception {
    Things blobs = new Things(EvictionOrder.Kind.PUBLISHED);
    evictor.add(blobs);
    blobs.add(1, 50);
    evictor.close();

    assertThat(evictor.free(() -> 10)).isZero();
    assertThat(blobs.lastUses).hasSize(1);
  }
}
