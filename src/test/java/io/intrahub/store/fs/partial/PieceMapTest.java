package io.intrahub.store.fs.partial;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.TestDisk;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The map of the pieces of a blob, by itself. */
final class PieceMapTest {
  private static final BlobId BLOB =
      new BlobId(new Digest.Sha256("5".repeat(64)), 9 * PartialBlob.PIECE + 70);
  private static final Optional<String> BOOT = Optional.of("the first boot");

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private static BitSet set(int... pieces) {
    return IntStream.of(pieces).collect(BitSet::new, BitSet::set, BitSet::or);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12})
  void a_garbled_map_never_names_a_piece_that_is_not_there(long seed) throws Exception {
    TestDisk disk = new TestDisk(folder);
    Path pieces = folder.resolve("pieces");
    try (PieceMap map = PieceMap.create(disk, pieces, BLOB.digest(), BLOB.size(), BOOT)) {
      map.mark(1);
      map.store(set(1));
      map.mark(9);
      map.store(set(1, 9));
      map.mark(4);
    }
    byte[] map = Files.readAllBytes(pieces);
    Random random = new Random(seed);
    int believed = 0;
    for (int round = 0; round < 2000; round++) {
      byte[] garbled = garble(map, random);
      Files.write(pieces, garbled);
      try {
        PieceMap.Found found =
            PieceMap.read(disk, pieces, BLOB.digest(), random.nextBoolean() ? BOOT : other());
        assertThat(found.size()).isEqualTo(BLOB.size());
        BitSet extra = found.pieces();
        extra.andNot(set(1, 4, 9));
        assertThat(extra).as("round %d of seed %d", round, seed).isEqualTo(set());
        believed++;
      } catch (PieceMap.MismatchException e) {
        assertThat(e).hasMessageContaining("map");
      }
    }
    // Otherwise all were dropped for their header, and nothing was tried.
    assertThat(believed).isBetween(200, 1900);
  }

  private static Optional<String> other() {
    return Optional.of("the second boot");
  }

  /** Flips bits, overwrites runs, moves runs to other places, cuts off or adds. */
  private static byte[] garble(byte[] map, Random random) {
    byte[] bytes = map.clone();
    for (int i = random.nextInt(3); i >= 0; i--) {
      int at = random.nextInt(bytes.length);
      int length = Math.min(1 + random.nextInt(40), bytes.length - at);
      switch (random.nextInt(6)) {
        case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> Arrays.fill(bytes, at, at + length, (byte) -random.nextInt(2));
        case 3 -> {
          byte[] noise = new byte[length];
          random.nextBytes(noise);
          System.arraycopy(noise, 0, bytes, at, length);
        }
        case 4 ->
            System.arraycopy(bytes, at, bytes, random.nextInt(bytes.length - length + 1), length);
        default -> {
          if (random.nextInt(4) == 0) {
            bytes = Arrays.copyOf(bytes, at + random.nextInt(2 * (bytes.length - at)));
          }
        }
      }
      if (bytes.length == 0) {
        return bytes;
      }
    }
    return bytes;
  }
}
