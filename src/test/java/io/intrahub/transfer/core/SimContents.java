package io.intrahub.transfer.core;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.store.PartialBlob;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/** A few contents of all sizes, made once: parts of the same random bytes. */
final class SimContents {
  private static final int MOST = 40 * PartialBlob.PIECE;

  private final List<Blob> blobs = new ArrayList<>();

  /** One content. */
  record Blob(BlobId id, ByteBuffer content) {
    long size() {
      return id.size();
    }

    ByteBuffer bytes(long at, int count) {
      return content.slice((int) at, count);
    }
  }

  SimContents() {
    byte[] bytes = new byte[MOST];
    SplittableRandom random = new SplittableRandom(20_260_101);
    random.nextBytes(bytes);
    ByteBuffer all = ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    for (int i = 0; i < 60; i++) {
      int size = size(random, i);
      boolean sha256 = i % 3 != 0;
      int from = random.nextInt(MOST - size + 1);
      blobs.add(blob(all.slice(from, size), sha256));
    }
  }

  private static int size(SplittableRandom random, int i) {
    int piece = PartialBlob.PIECE;
    return switch (i % 10) {
      case 0 -> 1 + random.nextInt(piece);
      case 1 -> (1 + random.nextInt(4)) * piece;
      case 2 -> 1 + random.nextInt(4 * piece);
      case 3 -> 4 * piece + 1 + random.nextInt(piece);
      case 4, 5, 6, 7 -> 5 * piece + random.nextInt(8 * piece);
      case 8 -> (5 + random.nextInt(10)) * piece;
      default -> MOST / 2 + random.nextInt(MOST / 2);
    };
  }

  private static Blob blob(ByteBuffer content, boolean sha256) {
    Digest zero = sha256 ? new Digest.Sha256("0".repeat(64)) : new Digest.GitSha1("0".repeat(40));
    MessageDigest hash = zero.newHash(content.remaining());
    hash.update(content.duplicate());
    String hex = HexFormat.of().formatHex(hash.digest());
    Digest digest = sha256 ? new Digest.Sha256(hex) : new Digest.GitSha1(hex);
    return new Blob(new BlobId(digest, content.remaining()), content);
  }

  Blob any(SplittableRandom random) {
    return blobs.get(random.nextInt(blobs.size()));
  }
}
