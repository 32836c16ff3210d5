package io.intrahub.store.fs.partial;

import io.intrahub.hub.Digest;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.SharedFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file that says which pieces of a blob are in the file beside it. Three parts:
 *
 * <ul>
 *   <li>a <em>header</em>: version of the format, size of a piece, size and digest of the blob;
 *   <li>two <em>slots</em>, written in turns: a number, a bit for each piece, a checksum. A slot is
 *       written only after the pieces it names were forced to the disk, so it is believed always;
 *   <li>a <em>mark</em> of eight bytes for each piece, written when the piece is. It is a function
 *       of the blob, the piece and the boot of the machine, so it is believed in this boot only:
 *       there the file system keeps the order in which things were written, and after a power cut
 *       it does not. It needs no checksum: eight bytes don't become right by chance.
 * </ul>
 *
 * <p>{@link #mark} is safe for use by many threads; one thread at a time calls the rest.
 */
public final class PieceMap implements AutoCloseable {
  private static final long MAGIC = 0x6968_7069_6563_6531L; // "ihpiece1", where 1 is the version
  private static final int HEADER = 64;
  private static final int NUMBER = 8;
  private static final int CHECKSUM = 4;
  private static final int MARK = 8;
  private static final long FNV_START = 0xcbf2_9ce4_8422_2325L;
  private static final int MARKS_AT_ONCE = 8 << 10;

  private final Shape shape;
  private final SharedFile marks;

  /** The number of the last slot that was written; 0: none. */
  private long number;

  private PieceMap(Disk disk, Path path, Shape shape, Disk.File file, long number) {

    this.shape = shape;
    this.marks = new SharedFile(() -> disk.reopen(path), file);
    this.number = number;
  }

  /**
   * What a map says.
   *
   * @param size of the blob, in bytes
   * @param pieces that are there
   * @param number of the newest slot
   */
  record Found(long size, BitSet pieces, long number) {
    /** Where the last of these pieces ends. */
    long end() {
      return Math.min(size, (long) pieces.length() * PartialBlob.PIECE);
    }

    /** What these pieces take. */
    long bytes() {
      return bytesOf(pieces, size);
    }
  }

  /** What pieces of a blob take, in bytes. */
  static long bytesOf(BitSet pieces, long size) {
    long bytes = (long) pieces.cardinality() * PartialBlob.PIECE;
    boolean last = pieces.get(PartialBlob.pieces(size) - 1);
    return last ? bytes - ((long) PartialBlob.pieces(size) * PartialBlob.PIECE - size) : bytes;
  }

  /** Where everything is in the map of one blob, and what proves that it belongs to that. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never handed out
  private record Shape(byte[] header, long size, @Nullable Long key) {
    static Shape of(Digest digest, long size, Optional<String> boot) {
      byte[] header = new byte[HEADER];
      byte[] hash = HexFormat.of().parseHex(digest.hex());
      ByteBuffer into =
          ByteBuffer.wrap(header)
              .putLong(MAGIC)
              .putInt(PartialBlob.PIECE)
              .putLong(size)
              .put((byte) hash.length)
              .put(hash);
      into.putInt(HEADER - CHECKSUM, checksum(header, HEADER - CHECKSUM));
      Long key = boot.map(id -> fnv(fnv(FNV_START, header), utf8(id))).orElse(null);
      return new Shape(header, size, key);
    }

    private static byte[] utf8(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }

    /** The hash FNV-1a. */
    private static long fnv(long start, byte[] bytes) {
      long hash = start;
      for (byte b : bytes) {
        hash = (hash ^ (b & 0xff)) * 0x100_0000_01b3L;
      }
      return hash;
    }

    int count() {
      return PartialBlob.pieces(size);
    }

    int bitBytes() {
      return (count() + 7) / 8;
    }

    int slot() {
      return NUMBER + bitBytes() + CHECKSUM;
    }

    long slotAt(long number) {
      return HEADER + number % 2 * slot();
    }

    long markAt(int piece) {
      return HEADER + 2L * slot() + (long) piece * MARK;
    }

    long length() {
      return markAt(count());
    }

    /** The mark of a piece, never 0; only when the boot is known. */
    long mark(long secret, int piece) {
      long mixed = secret + (piece + 1) * 0x9e37_79b9_7f4a_7c15L;
      mixed = (mixed ^ mixed >>> 30) * 0xbf58_476d_1ce4_e5b9L;
      mixed = (mixed ^ mixed >>> 27) * 0x94d0_49bb_1331_11ebL;
      mixed ^= mixed >>> 31;
      return mixed == 0 ? 1 : mixed;
    }

    /** A slot without its checksum. */
    int checksum(byte[] slot) {
      CRC32C crc = new CRC32C();
      crc.update(header);
      crc.update(slot, 0, slot.length - CHECKSUM);
      return (int) crc.getValue();
    }

    private static int checksum(byte[] bytes, int length) {
      CRC32C crc = new CRC32C();
      crc.update(bytes, 0, length);
      return (int) crc.getValue();
    }
  }

  /**
   * Makes a map with no piece in it.
   *
   * @param boot of the machine; empty when it is not known: then marks are not believed later
   */
  static PieceMap create(Disk disk, Path path, Digest digest, long size, Optional<String> boot)
      throws IOException {
    Shape shape = Shape.of(digest, size, boot);
    Disk.File file = disk.create(path);
    boolean made = false;
    try {
      FileIo.writeFully(file, ByteBuffer.wrap(shape.header()));
      // Room for the slots; and the length, which tells a map that is whole.
      FileIo.writeFully(file, ByteBuffer.allocate(2 * shape.slot()));
      file.write(ByteBuffer.allocate(1), shape.length() - 1);
      made = true;
      return new PieceMap(disk, path, shape, file, 0);
    } finally {
      if (!made) {
        file.close();
      }
    }
  }

  /** Goes on with a map that was read. */
  static PieceMap open(Disk disk, Path path, Digest digest, Found found, Optional<String> boot)
      throws IOException {
    Shape shape = Shape.of(digest, found.size(), boot);
    return new PieceMap(disk, path, shape, disk.reopen(path), found.number());
  }

  /** A map that can't be believed, and why. */
  static final class MismatchException extends IOException {
    private static final long serialVersionUID = 1L;

    MismatchException(String why) {
      super(why);
    }
  }

  /**
   * The size of the blob that the map at this path is for; empty when it is no map of this blob.
   */
  public static OptionalLong sizeIn(Disk disk, Path path, Digest digest) throws IOException {
    try (Disk.File file = disk.open(path)) {
      if (file.size() < HEADER) {
        return OptionalLong.empty();
      }
      byte[] header = FileIo.readFully(file, 0, HEADER).array();
      long size = ByteBuffer.wrap(header).getLong(NUMBER + 4);
      boolean fits = Arrays.equals(header, Shape.of(digest, size, Optional.empty()).header());
      return fits && size >= 0 ? OptionalLong.of(size) : OptionalLong.empty();
    }
  }

  /**
   * What the map at this path says.
   *
   * @throws MismatchException when it is no whole map of this blob, or can't be read
   * @throws IOException when it can't be opened; that says nothing about it
   */
  static Found read(Disk disk, Path path, Digest digest, Optional<String> boot) throws IOException {
    try (Disk.File file = disk.open(path)) {
      return read(file, digest, boot);
    }
  }

  private static Found read(Disk.File file, Digest digest, Optional<String> boot)
      throws IOException {
    try {
      byte[] header = FileIo.readFully(file, 0, HEADER).array();
      long size = ByteBuffer.wrap(header).getLong(NUMBER + 4);
      if (!PartialBlob.isKept(size) || size > (long) Integer.MAX_VALUE * PartialBlob.PIECE) {
        throw new MismatchException("it has no map of pieces");
      }
      Shape shape = Shape.of(digest, size, boot);
      if (!Arrays.equals(header, shape.header()) || file.size() != shape.length()) {
        throw new MismatchException("its map is not one of this blob, or damaged");
      }
      BitSet pieces = new BitSet();
      long number = 0;
      for (int i = 0; i < 2; i++) {
        byte[] slot = FileIo.readFully(file, shape.slotAt(i), shape.slot()).array();
        ByteBuffer read = ByteBuffer.wrap(slot);
        long its = read.getLong(0);
        if (its > number
            && its % 2 == i
            && read.getInt(slot.length - CHECKSUM) == shape.checksum(slot)) {
          number = its;
          pieces = BitSet.valueOf(read.slice(NUMBER, shape.bitBytes()));
        }
      }
      if (pieces.length() > shape.count()) {
        throw new MismatchException("its map names pieces that it can't have");
      }
      Long key = shape.key();
      if (key != null) {
        readMarks(file, shape, key, pieces);
      }
      return new Found(size, pieces, number);
    } catch (MismatchException | ClosedChannelException e) {
      // A channel that an interrupt has closed says nothing about the file.
      throw e;
    } catch (IOException e) {
      throw new MismatchException("its map can't be read: " + e);
    }
  }

  private static void readMarks(Disk.File file, Shape shape, long key, BitSet into)
      throws IOException {
    for (int from = 0; from < shape.count(); from += MARKS_AT_ONCE) {
      int many = Math.min(MARKS_AT_ONCE, shape.count() - from);
      ByteBuffer marks = FileIo.readFully(file, shape.markAt(from), many * MARK);
      for (int i = 0; i < many; i++) {
        if (marks.getLong() == shape.mark(key, from + i)) {
          into.set(from + i);
        }
      }
    }
  }

  /** Notes that a piece is written. */
  void mark(int piece) throws IOException {
    Long key = shape.key();
    if (key != null) {
      marks.write(
          ByteBuffer.allocate(MARK).putLong(shape.mark(key, piece)).flip(), shape.markAt(piece));
    }
  }

  /**
   * Writes into the older slot that these pieces are on the disk. It is not forced by that; when
   * this fails, the other slot is as it was.
   */
  void store(BitSet pieces) throws IOException {
    byte[] slot = new byte[shape.slot()];
    ByteBuffer into = ByteBuffer.wrap(slot).putLong(number + 1).put(pieces.toByteArray());
    into.putInt(slot.length - CHECKSUM, shape.checksum(slot));
    marks.write(ByteBuffer.wrap(slot), shape.slotAt(number + 1));
    number++;
  }

  /** Makes the file useless, for when it can't be deleted. */
  void wipe() throws IOException {
    marks.write(ByteBuffer.allocate(HEADER), 0);
  }

  @Override
  public void close() {
    marks.close();
  }
}
