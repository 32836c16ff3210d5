package io.intrahub.store.fs.metadata;

import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * How a manifest is written: blocks of sorted entries, then the index (the first path, place and
 * checksum of each block), then a tail of fixed length that says where the index is. All numbers
 * are big-endian.
 */
public final class ManifestFormat {
  static final int ENTRIES_IN_BLOCK = 64;

  /** A block of this many bytes, or a few more, takes no further entry. */
  static final int FULL_BLOCK = 64 * 1024;

  /** No block is longer, in bytes: it is read as a whole. */
  static final int MAX_BLOCK = 8 << 20;

  /** No index is longer, in bytes: it is kept in memory. It is enough for 5 million entries. */
  static final int MAX_INDEX = 8 << 20;

  static final int TAIL_LENGTH = 8 + 4 + 4 + 8;

  /** Says what it is, and in which version. */
  private static final long MAGIC = 0x494855424d414e31L; // "IHUBMAN1"

  private ManifestFormat() {}

  /** The file is not what a manifest must be. */
  public static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1L;

    public DamagedException(String message) {
      super(message);
    }

    DamagedException(String message, Exception cause) {
      super(message, cause);
    }
  }

  /**
   * The end of the file. Two files with equal tails have equal content, as the index's checksum
   * covers those of the blocks.
   */
  record Tail(long indexAt, int indexLength, int indexCrc) {
    ByteBuffer encode() {
      return ByteBuffer.allocate(TAIL_LENGTH)
          .putLong(indexAt)
          .putInt(indexLength)
          .putInt(indexCrc)
          .putLong(MAGIC)
          .flip();
    }

    static Tail read(Disk.File file) throws IOException {
      long size = file.size();
      if (size < TAIL_LENGTH) {
        throw new DamagedException("it ends too early");
      }
      ByteBuffer bytes = FileIo.readFully(file, size - TAIL_LENGTH, TAIL_LENGTH);
      Tail tail = new Tail(bytes.getLong(), bytes.getInt(), bytes.getInt());
      if (bytes.getLong() != MAGIC
          || tail.indexAt < 0
          || tail.indexLength < 0
          || tail.indexLength > MAX_INDEX
          || tail.indexAt + tail.indexLength + TAIL_LENGTH != size) {
        throw new DamagedException("its tail is wrong");
      }
      return tail;
    }
  }

  static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  /** Bytes of one entry. */
  static ByteBuffer encode(ManifestEntry entry) {
    Entry e = entry.entry();
    byte[] path = utf8(e.path().value());
    byte[] oid = utf8(e.oid());
    byte[] json = utf8(entry.json());
    int lfs = e.lfs().isPresent() ? 64 + 8 + 8 : 0;
    int rest = 1 + 1 + 8 + 4 + oid.length + lfs + 4 + json.length;
    ByteBuffer out = ByteBuffer.allocate(4 + path.length + 4 + rest);
    out.putInt(path.length).put(path).putInt(rest);
    out.put((byte) (e.kind() == Entry.Kind.DIRECTORY ? 1 : 0));
    out.put((byte) (e.lfs().isPresent() ? 1 : 0));
    out.putLong(e.size());
    out.putInt(oid.length).put(oid);
    e.lfs()
        .ifPresent(l -> out.put(utf8(l.sha256().hex())).putLong(l.size()).putLong(l.pointerSize()));
    return out.putInt(json.length).put(json).flip();
  }

  /** The path of the entry at the buffer's position; the position is then at its other fields. */
  static byte[] path(ByteBuffer block) throws DamagedException {
    return bytes(block);
  }

  /** Steps over the other fields. */
  static void skip(ByteBuffer block) throws DamagedException {
    bytes(block);
  }

  /** Reads the other fields. */
  static ManifestEntry entry(byte[] path, ByteBuffer block) throws DamagedException {
    try {
      ByteBuffer in = ByteBuffer.wrap(bytes(block));
      Entry.Kind kind = in.get() == 1 ? Entry.Kind.DIRECTORY : Entry.Kind.FILE;
      boolean hasLfs = in.get() == 1;
      long size = in.getLong();
      String oid = text(bytes(in));
      Optional<Entry.Lfs> lfs = Optional.empty();
      if (hasLfs) {
        byte[] hex = new byte[64];
        in.get(hex);
        lfs = Optional.of(new Entry.Lfs(new Digest.Sha256(text(hex)), in.getLong(), in.getLong()));
      }
      String json = text(bytes(in));
      return new ManifestEntry(new Entry(kind, new FilePath(text(path)), oid, size, lfs), json);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new DamagedException("an entry is wrong", e);
    }
  }

  /** Bytes with their length before them. */
  static byte[] bytes(ByteBuffer in) throws DamagedException {
    try {
      int length = in.getInt();
      if (length < 0 || length > in.remaining()) {
        throw new DamagedException("a length is wrong");
      }
      byte[] bytes = new byte[length];
      in.get(bytes);
      return bytes;
    } catch (BufferUnderflowException e) {
      throw new DamagedException("it ends too early", e);
    }
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] utf8) {
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
