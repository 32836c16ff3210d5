package io.intrahub.store.fs.metadata;

import io.intrahub.hub.CommitHash;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import io.intrahub.store.fs.metadata.ManifestFormat.Tail;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * The part of a manifest that is read into memory: about 150 bytes for each 64 entries.
 *
 * @param blocks in the order of their paths
 */
record ManifestIndex(Head head, List<Block> blocks) {
  private static final int BUFFER = 32 * 1024;

  /** Bytes that a block takes in the index, besides those of its path. */
  private static final int MIN_BLOCK_ENTRY = 4 + 8 + 4 + 4;

  /** No path and no repo has as many bytes. */
  private static final int MAX_TEXT = 16 * 1024;

  /**
   * Heap of the blocks that a listing holds while a client takes entries, in bytes. It is charged
   * with the buffers of the client's connection, and spares a large index from being read again for
   * each block.
   */
  private static final int RUN = 32 * 1024;

  /**
   * What is said of a whole manifest.
   *
   * @param tail identifies the file's content
   * @param repo as the store spells it; tells whose manifest it is
   * @param complete whether every entry of the commit is in it
   * @param size number of entries
   */
  record Head(Tail tail, String repo, CommitHash commit, boolean complete, int size) {}

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

    /** Roughly, in bytes of memory. */
    int weight() {
      return 80 + first.length;
    }

    ByteBuffer read(Disk.File file) throws IOException {
      ByteBuffer bytes = FileIo.readFully(file, at, length);
      if (ManifestFormat.crc(bytes) != crc) {
        throw new DamagedException("a block is damaged");
      }
      return bytes;
    }
  }

  /**
   * Some blocks in a row.
   *
   * @param first number of the first one in the index
   */
  record Run(int first, List<Block> blocks) {
    /** Which of them is the last that begins at or before this path; 0 when none does. */
    int blockOf(byte[] path) {
      return ManifestIndex.blockOf(blocks, path);
    }
  }

  /**
   * The blocks from the one that may have this path, as many as a listing may hold; none at the end
   * of the manifest.
   *
   * @param atLeast the number of a block; those before it are not wanted
   */
  Run run(byte[] path, int atLeast) {
    int from = Math.max(atLeast, blockOf(blocks, path));
    int to = from;
    int weight = 0;
    while (to < blocks.size() && (to == from || weight + blocks.get(to).weight() <= RUN)) {
      weight += blocks.get(to).weight();
      to++;
    }
    return from < to
        ? new Run(from, List.copyOf(blocks.subList(from, to)))
        : new Run(from, List.of());
  }

  /** The only block that may have this path; empty when there are no entries. */
  Optional<Block> block(byte[] path) {
    return blocks.isEmpty() ? Optional.empty() : Optional.of(blocks.get(blockOf(blocks, path)));
  }

  /** The number of the last block that begins at or before this path; 0 when none does. */
  private static int blockOf(List<Block> blocks, byte[] path) {
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
      weight += block.weight();
    }
    return weight;
  }

  /**
   * Reads the index. What it says is checked before it is believed: a length that damage made must
   * not ask for memory.
   *
   * @throws DamagedException when it is damaged
   */
  static ManifestIndex read(Disk.File file, Tail tail) throws IOException {
    CRC32C sum = new CRC32C();
    RegionInput region = new RegionInput(file, tail.indexAt(), tail.indexAt() + tail.indexLength());
    DataInputStream in =
        new DataInputStream(new CheckedInputStream(new BufferedInputStream(region, BUFFER), sum));
    ManifestIndex index;
    try {
      String repo = ManifestFormat.text(readBytes(in));
      CommitHash commit = new CommitHash(ManifestFormat.text(readBytes(in)));
      boolean complete = in.readByte() == 1;
      int size = in.readInt();
      int count = in.readInt();
      if (count < 0 || count > tail.indexLength() / MIN_BLOCK_ENTRY) {
        throw new DamagedException("its index is wrong");
      }
      List<Block> blocks = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        Block block = new Block(readBytes(in), in.readLong(), in.readInt(), in.readInt());
        if (block.at < 0
            || block.length < 0
            || block.length > ManifestFormat.MAX_BLOCK
            || block.at + block.length > tail.indexAt()) {
          throw new DamagedException("its index is wrong");
        }
        blocks.add(block);
      }
      index = new ManifestIndex(new Head(tail, repo, commit, complete, size), List.copyOf(blocks));
      if (in.read() >= 0) {
        throw new DamagedException("its index is wrong");
      }
    } catch (EOFException | IllegalArgumentException e) {
      throw new DamagedException("its index is wrong", e);
    }
    if ((int) sum.getValue() != tail.indexCrc()) {
      throw new DamagedException("its index is damaged");
    }
    return index;
  }

  private static byte[] readBytes(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > MAX_TEXT) {
      throw new DamagedException("its index is wrong");
    }
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return bytes;
  }

  /**
   * Writes the index at the end of a file.
   *
   * @param at where the file ends
   * @return the tail that belongs behind it
   * @throws IOException also when it is longer than any that is read
   */
  static Tail write(
      Disk.File file,
      long at,
      String repo,
      CommitHash commit,
      boolean complete,
      int size,
      List<Block> blocks)
      throws IOException {
    CRC32C sum = new CRC32C();
    CheckedOutputStream checked =
        new CheckedOutputStream(new BufferedOutputStream(new FileOutput(file), BUFFER), sum);
    DataOutputStream out = new DataOutputStream(checked);
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
      if (out.size() > ManifestFormat.MAX_INDEX) {
        throw new IOException("a manifest of " + size + " entries");
      }
    }
    out.flush();
    return new Tail(at, out.size(), (int) sum.getValue());
  }

  private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /** Appends to a file. */
  private static final class FileOutput extends OutputStream {
    private final Disk.File file;

    FileOutput(Disk.File file) {
      this.file = file;
    }

    @Override
    public void write(int octet) throws IOException {
      write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int count) throws IOException {
      FileIo.writeFully(file, ByteBuffer.wrap(from, offset, count));
    }
  }
}
