package io.intrahub.store.fs.metadata;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The value of a record that is too large for memory. Its length and checksum are known only when
 * all of it was written, so its file has them at the end:
 *
 * <pre>
 * intrahub-large 1
 * the value, any bytes
 * the head, as {@link StoredRecord} has it
 * a tail of fixed length: lengths and checksums of value and head, big-endian
 * </pre>
 *
 * @param length of the value, in bytes
 * @param crc the value's CRC-32C
 * @param headLength of the head, in bytes
 * @param headCrc the CRC-32C of the head and of the numbers above
 */
record LargeValue(long length, int crc, int headLength, int headCrc) {
  private static final byte[] TITLE = "intrahub-large 1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int TAIL_LENGTH = 8 + 4 + 4 + 4;

  /** Far more than the longest subject of a record takes. */
  private static final int MAX_HEAD = 1 << 20;

  /** What the file begins with. */
  static ByteBuffer title() {
    return ByteBuffer.wrap(TITLE).asReadOnlyBuffer();
  }

  /** A value with this head. */
  static LargeValue of(byte[] head, long length, int crc) {
    return new LargeValue(length, crc, head.length, headCrc(head, length, crc));
  }

  /** What follows the value in the file. */
  ByteBuffer end(byte[] head) {
    return ByteBuffer.allocate(head.length + TAIL_LENGTH)
        .put(head)
        .putLong(length)
        .putInt(crc)
        .putInt(headLength)
        .putInt(headCrc)
        .flip();
  }

  private static int headCrc(byte[] head, long length, int crc) {
    CRC32C sum = new CRC32C();
    sum.update(head);
    sum.update(ByteBuffer.allocate(12).putLong(length).putInt(crc).flip());
    return (int) sum.getValue();
  }

  /** Whether a file is of this kind. */
  static boolean isIn(Disk.File file) throws IOException {
    return file.size() >= TITLE.length
        && Arrays.equals(FileIo.readFully(file, 0, TITLE.length).array(), TITLE);
  }

  /**
   * Reads the end of a file.
   *
   * @throws DamagedException when the file is not whole; whether the value is, shows when it is
   *     read
   */
  static LargeValue read(Disk.File file) throws IOException {
    long tailAt = file.size() - TAIL_LENGTH;
    if (tailAt < TITLE.length) {
      throw new DamagedException("it ends too early");
    }
    ByteBuffer in = FileIo.readFully(file, tailAt, TAIL_LENGTH);
    LargeValue value = new LargeValue(in.getLong(), in.getInt(), in.getInt(), in.getInt());
    if (value.length < 0
        || value.headLength < 0
        || value.headLength > MAX_HEAD
        || TITLE.length + value.length + value.headLength != tailAt
        || headCrc(value.head(file), value.length, value.crc) != value.headCrc) {
      throw new DamagedException("its tail is wrong");
    }
    return value;
  }

  /** The head of the file that this was read from. */
  byte[] head(Disk.File file) throws IOException {
    return FileIo.readFully(file, TITLE.length + length, headLength).array();
  }

  /**
   * Reads the value. The read that takes its last bytes fails if it is damaged.
   *
   * @param file closed with the stream
   */
  InputStream open(Disk.File file) {
    return new Checked(file);
  }

  /** Compares the checksum before it hands out the last bytes. */
  private final class Checked extends InputStream {
    private final Disk.File file;
    private final InputStream in;
    private final CRC32C sum = new CRC32C();
    private long left = length;

    Checked(Disk.File file) {
      this.file = file;
      this.in = new RegionInput(file, TITLE.length, TITLE.length + length);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int count) throws IOException {
      int read = in.read(into, offset, count);
      if (read > 0) {
        sum.update(into, offset, read);
        left -= read;
        if (left == 0 && (int) sum.getValue() != crc) {
          throw new DamagedException("its value is damaged");
        }
      }
      return read;
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
