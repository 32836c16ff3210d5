package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.cachefolder.FolderFiles.UnusableException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;

/**
 * What Olah 0.5 notes in the file {@code meta.bin} of a cached file: version 10 of its format
 * ({@code olah/cache/olah_cache.py}). All numbers are little-endian.
 *
 * <pre>
 * "OLAH" version:u16 flags:u16 header_size:u32 block_size:u64 file_size:u64
 * compression:u8 chunk_size:u32 etag_len:u16 reserved:8
 * etag extension_len:u32 extension crc32:u32
 * </pre>
 *
 * @param etag of the content, as the Hub sent it
 * @param size of the content in bytes
 * @param blockSize bytes of the content in each block but the last, a multiple of the chunk size
 * @param chunkSize bytes of the content in each compressed part of a block but the last
 * @param compression 0 for none, 1 for deflate
 */
record OlahHeader(String etag, long size, long blockSize, long chunkSize, int compression) {
  /** The file of an entry that has the header. */
  static final String FILE = "meta.bin";

  static final int NONE = 0;
  static final int DEFLATE = 1;
  private static final int LZMA = 2;

  private static final int MAGIC = 0x48414c4f;
  private static final int VERSION = 10;
  private static final int FIXED = 43;

  /** The fixed part, the longest ETag, the length of the extension, and the checksum. */
  private static final int MAX_BYTES = FIXED + 0xFFFF + 4 + 4;

  /** Olah's own limit. */
  private static final int MAX_BLOCKS = 131_072;

  /** Bounds the memory for the index of a compressed block. Olah's blocks have 64 chunks. */
  private static final int MAX_CHUNKS = 1 << 16;

  /**
   * Reads the header of an entry.
   *
   * @throws UnusableException if it is damaged, of another version, or demands more than Olah does
   */
  static OlahHeader read(Path file) throws UnusableException {
    byte[] bytes = FolderFiles.look(file, OlahHeader::bytes);
    if (bytes.length < FIXED + 8 || bytes.length > MAX_BYTES) {
      throw new UnusableException("it is damaged: its " + FILE + " is not what Olah writes");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int magic = in.getInt();
    int version = Short.toUnsignedInt(in.getShort());
    if (magic != MAGIC || version != VERSION) {
      throw new UnusableException("it is not in the format of Olah 0.5");
    }
    in.getShort();
    long length = Integer.toUnsignedLong(in.getInt());
    long blockSize = in.getLong();
    long size = in.getLong();
    int compression = Byte.toUnsignedInt(in.get());
    long chunkSize = Integer.toUnsignedLong(in.getInt());
    int etag = Short.toUnsignedInt(in.getShort());
    if (length != bytes.length || FIXED + etag + 8 > bytes.length || !isIntact(bytes)) {
      throw new UnusableException("it is damaged: its " + FILE + " does not match its checksum");
    }
    OlahHeader header =
        new OlahHeader(
            new String(bytes, FIXED, etag, StandardCharsets.ISO_8859_1),
            size,
            blockSize,
            chunkSize,
            compression);
    header.check();
    return header;
  }

  private static byte[] bytes(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file, NOFOLLOW_LINKS)) {
      return in.readNBytes(MAX_BYTES + 1);
    }
  }

  private static boolean isIntact(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes, 0, bytes.length - 4);
    int noted = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(bytes.length - 4);
    return (int) crc.getValue() == noted;
  }

  private void check() throws UnusableException {
    if (compression == LZMA) {
      throw new UnusableException(
          "it is compressed with LZMA, which this command can't read: let Olah write it with"
              + " --cache-compression none or gzip");
    }
    boolean possible =
        size >= 0
            && chunkSize > 0
            && blockSize > 0
            && blockSize % chunkSize == 0
            && (size - 1) / blockSize < MAX_BLOCKS
            && (compression == NONE
                || (compression == DEFLATE && blockSize / chunkSize <= MAX_CHUNKS));
    if (!possible) {
      throw new UnusableException("its " + FILE + " has sizes that Olah does not write");
    }
  }

  /** How many blocks there are. */
  int blocks() {
    return count(size, blockSize);
  }

  /** Bytes of the content that are in a block. */
  long bytesIn(int block) {
    return Math.min(blockSize, size - block * blockSize);
  }

  /** How many compressed parts a block has. */
  int chunksIn(int block) {
    return count(bytesIn(block), chunkSize);
  }

  /** Bytes of the content that are in a compressed part of a block. */
  long bytesIn(int block, int chunk) {
    return Math.min(chunkSize, bytesIn(block) - chunk * chunkSize);
  }

  private static int count(long bytes, long each) {
    return bytes == 0 ? 0 : Math.toIntExact((bytes - 1) / each + 1);
  }
}
