package io.intrahub.store;

import static io.intrahub.access.TestGrants.everybody;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;

/** Bytes with their names, and the short way to put them into a store and get them out. */
public final class TestBlobs {
  private TestBlobs() {}

  /** The same bytes for the same arguments. */
  public static byte[] bytes(long seed, int size) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  public static BlobId sha256(byte[] content) {
    MessageDigest hash = new Digest.Sha256("0".repeat(64)).newHash(content.length);
    return new BlobId(
        new Digest.Sha256(HexFormat.of().formatHex(hash.digest(content))), content.length);
  }

  public static BlobId gitSha1(byte[] content) {
    MessageDigest hash = new Digest.GitSha1("0".repeat(40)).newHash(content.length);
    return new BlobId(
        new Digest.GitSha1(HexFormat.of().formatHex(hash.digest(content))), content.length);
  }

  /** Begins a blob and asks for room for all of it. */
  public static PartialBlob begin(Store store, RepoId repo, BlobId blob) throws IOException {
    PartialBlob partial = store.scratch().write(everybody(repo, blob));
    boolean room = false;
    try {
      partial.reserve(blob.size());
      room = true;
      return partial;
    } finally {
      if (!room) {
        partial.close();
      }
    }
  }

  /** Writes in parts of odd sizes and publishes. */
  public static PartialBlob.Verdict publish(Store store, RepoId repo, BlobId blob, byte[] content)
      throws IOException {
    try (PartialBlob partial = begin(store, repo, blob)) {
      for (int at = 0; at < content.length; at += 70_001) {
        partial.write(ByteBuffer.wrap(content, at, Math.min(70_001, content.length - at)), at);
      }
      for (int piece = 0; piece < PartialBlob.pieces(content.length); piece++) {
        partial.mark(piece);
      }
      partial.hash(content.length);
      return partial.publish();
    }
  }

  /** All bytes of a blob, if it is there. */
  public static Optional<byte[]> read(Store store, RepoId repo, BlobId blob) throws IOException {
    Optional<StoredBlob> open = store.published().open(everybody(repo, blob));
    if (open.isEmpty()) {
      return Optional.empty();
    }
    try (StoredBlob stored = open.get()) {
      return Optional.of(readAll(stored));
    }
  }

  public static byte[] readAll(StoredBlob stored) throws IOException {
    ByteBuffer into = ByteBuffer.allocate((int) stored.size());
    while (into.hasRemaining()) {
      stored.read(into, into.position());
    }
    return into.array();
  }

  /** The bytes of one piece of a content. */
  public static byte[] piece(byte[] content, int piece) {
    int from = piece * PartialBlob.PIECE;
    return Arrays.copyOfRange(content, from, Math.min(content.length, from + PartialBlob.PIECE));
  }

  /** The bytes of one piece, read back. */
  public static byte[] piece(PartialBlob partial, long size, int piece) throws IOException {
    long from = (long) piece * PartialBlob.PIECE;
    ByteBuffer into = ByteBuffer.allocate((int) Math.min(PartialBlob.PIECE, size - from));
    while (into.hasRemaining()) {
      partial.read(into, from + into.position());
    }
    return into.array();
  }

  /** Writes a piece in two parts and marks it. */
  public static void put(PartialBlob partial, byte[] content, int piece) throws IOException {
    byte[] bytes = piece(content, piece);
    long at = (long) piece * PartialBlob.PIECE;
    int half = bytes.length / 2;
    partial.write(ByteBuffer.wrap(bytes, half, bytes.length - half), at + half);
    partial.write(ByteBuffer.wrap(bytes, 0, half), at);
    partial.mark(piece);
  }
}
