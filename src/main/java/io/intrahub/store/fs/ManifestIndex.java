package io.intrahub.store.fs;

import io.intrahub.hub.CommitHash;
import io.intrahub.store.fs.ManifestFormat.DamagedException;
import io.intrahub.store.fs.ManifestFormat.Tail;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * The part of a manifest that is kept in memory: about 150 bytes for each 64 entries.
 *
 * @param tail identifies the file's content
 * @param repo as the store spells it; tells whose manifest it is
 * @param complete whether every entry of the commit is in it
 * @param size number of entries
 * @param blocks in the order of their paths
 */
record ManifestIndex(
    Tail tail, String repo, CommitHash commit, boolean complete, int size, List<Block> blocks) {
  /** A run of entries. */
  static final class Block {
    private final byte[] first;
    private final long at;
    private final int length;
    private final int crc;

    /**
     * A block.
     *
     * @param first path of its first entry
     * @param at where it begins in the file
     */
    Block(byte[] first, long at, int length, int crc) {
      this.first = first;
      this.at = at;
      this.length = length;
      this.crc = crc;
    }

    ByteBuffer read(Disk.File file) throws IOException {
      ByteBuffer bytes = FileIo.readFully(file, at, length);
      if (ManifestFormat.crc(bytes) != crc) {
        throw new DamagedException("a block is damaged");
      }
      return bytes;
    }
  }

  /** The number of the last block that begins at or before this path; 0 when none does. */
  int blockOf(byte[] path) {
    int low = 0;
    int high = blocks.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (Arrays.compareUnsigned(blocks.get(middle).first, path) <= 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Roughly, in bytes of memory. */
  int weight() {
    int weight = 256;
    for (Block block : blocks) {
      weight += 80 + block.first.length;
    }
    return weight;
  }

  static ManifestIndex read(Disk.File file, Tail tail) throws IOException {
    ByteBuffer in = FileIo.readFully(file, tail.indexAt(), tail.indexLength());
    if (ManifestFormat.crc(in) != tail.indexCrc()) {
      throw new DamagedException("its index is damaged");
    }
    try {
      String repo = ManifestFormat.text(ManifestFormat.bytes(in));
      CommitHash commit = new CommitHash(ManifestFormat.text(ManifestFormat.bytes(in)));
      boolean complete = in.get() == 1;
      int size = in.getInt();
      Block[] blocks = new Block[in.getInt()];
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = new Block(ManifestFormat.bytes(in), in.getLong(), in.getInt(), in.getInt());
      }
      return new ManifestIndex(tail, repo, commit, complete, size, List.of(blocks));
    } catch (BufferUnderflowException | IllegalArgumentException | NegativeArraySizeException e) {
      throw new DamagedException("its index is wrong", e);
    }
  }

  static byte[] encode(
      String repo, CommitHash commit, boolean complete, int size, List<Block> blocks) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      writeBytes(out, ManifestFormat.utf8(repo));
      writeBytes(out, ManifestFormat.utf8(commit.hex()));
      out.writeByte(complete ? 1 : 0);
      out.writeInt(size);
      out.writeInt(blocks.size());
      for (Block block : blocks) {
        writeBytes(out, block.first);
        out.writeLong(block.at);
        out.writeInt(block.length);
        out.writeInt(block.crc);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }
}
