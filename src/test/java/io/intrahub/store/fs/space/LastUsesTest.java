package io.intrahub.store.fs.space;

import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.Digest;
import io.intrahub.store.fs.disk.BlobKey;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Times of use on their way over a restart. */
final class LastUsesTest {
  private static BlobKey key(Random random) {
    byte[] content = bytes(random.nextLong(), 10);
    return random.nextBoolean()
        ? BlobKey.of("", sha256(content).digest())
        : BlobKey.of("models--acme--r" + random.nextInt(3), gitSha1(content).digest());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void what_was_written_is_read_and_the_later_time_counts(long seed) {
    Random random = new Random(seed);
    Map<BlobKey, Integer> expected = new HashMap<>();
    LastUses.Builder uses = new LastUses.Builder();
    for (int i = random.nextInt(1000); i >= 0; i--) {
      BlobKey key = key(random);
      for (int j = random.nextInt(3); j >= 0; j--) {
        int at = random.nextInt();
        uses.add(key, at);
        expected.put(key, at);
      }
    }
    LastUses read = LastUses.decode(uses.build().encode()).orElseThrow();

    assertThat(read.size()).isEqualTo(expected.size());
    expected.forEach((key, at) -> assertThat(read.of(key.fingerprint())).hasValue(at));
    assertThat(read.of(key(new Random(seed + 1000)).fingerprint())).isEmpty();
  }

  @Test
  void any_flipped_or_missing_byte_is_noticed() {
    LastUses.Builder uses = new LastUses.Builder();
    for (int i = 0; i < 5; i++) {
      uses.add(key(new Random(i)), i);
    }
    byte[] good = uses.build().encode().array();
    assertThat(LastUses.decode(ByteBuffer.wrap(good))).isPresent();
    for (int i = 0; i < good.length; i++) {
      byte[] bad = good.clone();
      bad[i] ^= 4;
      assertThat(LastUses.decode(ByteBuffer.wrap(bad))).as("byte %d", i).isEmpty();
      assertThat(LastUses.decode(ByteBuffer.wrap(good, 0, i).slice())).as("cut %d", i).isEmpty();
    }
  }

  @Test
  void a_key_knows_its_digest() {
    Random random = new Random(7);
    for (int i = 0; i < 100; i++) {
      Digest shared = sha256(bytes(random.nextLong(), 5)).digest();
      Digest git = gitSha1(bytes(random.nextLong(), 5)).digest();
      assertThat(BlobKey.of("", shared).digest()).isEqualTo(shared);
      assertThat(BlobKey.of("models--a", git).digest()).isEqualTo(git);
      assertThat(BlobKey.of("models--a", git).fingerprint())
          .isNotEqualTo(BlobKey.of("models--b", git).fingerprint());
    }
  }
}
