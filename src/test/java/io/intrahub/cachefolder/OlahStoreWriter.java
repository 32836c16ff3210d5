package io.intrahub.cachefolder;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes a store as Olah 0.5.4 does ({@code olah/cache/olah_cache.py}, {@code
 * olah/utils/cache_utils.py}), with small blocks.
 */
final class OlahStoreWriter {
  static final int BLOCK = 4096;
  static final int CHUNK = 1024;

  private final Path root;
  private final int compression;

  /**
   * @param compression 0 for none, 1 for deflate
   */
  OlahStoreWriter(Path root, int compression) {
    this.root = root;
    this.compression = compression;
  }

  /** Where a file of a commit is. */
  Path entry(RepoId repo, CommitHash commit, String path) {
    return root.resolve("files")
        .resolve(repo.type().plural())
        .resolve(repo.id())
        .resolve("resolve")
        .resolve(commit.hex())
        .resolve(path);
  }

  /** Writes an entry as Olah leaves it once all of the content was requested. */
  void put(Path entry, String etag, byte[] content) throws IOException {
    Path blocks = Files.createDirectories(entry.resolve("blocks"));
    Files.createFile(entry.resolve("meta.lock"));
    Files.write(entry.resolve("meta.bin"), header(etag, content.length, BLOCK, CHUNK, compression));
    for (int i = 0; i * BLOCK < content.length; i++) {
      byte[] bytes =
          Arrays.copyOfRange(content, i * BLOCK, Math.min(content.length, (i + 1) * BLOCK));
      Files.write(
          blocks.resolve("block_%08d.bin".formatted(i)),
          compression == 0 ? bytes : compressed(bytes));
      Files.createFile(blocks.resolve("block_%08d.bin.dl.lock".formatted(i)));
    }
  }

  /** A header with any numbers. */
  static byte[] header(String etag, long size, long block, int chunk, int compression) {
    byte[] tag = etag.getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = ByteBuffer.allocate(43 + tag.length + 8).order(ByteOrder.LITTLE_ENDIAN);
    out.put("OLAH".getBytes(StandardCharsets.US_ASCII)).putShort((short) 10).putShort((short) 1);
    out.putInt(out.capacity()).putLong(block).putLong(size).put((byte) compression);
    out.putInt(chunk).putShort((short) tag.length).putLong(0).put(tag).putInt(0);
    CRC32 crc = new CRC32();
    crc.update(out.array(), 0, out.position());
    return out.putInt((int) crc.getValue()).array();
  }

  private static byte[] compressed(byte[] block) {
    int count = (block.length + CHUNK - 1) / CHUNK;
    ByteBuffer index = ByteBuffer.allocate(9 + 4 * count).order(ByteOrder.LITTLE_ENDIAN);
    index.put("OLBK".getBytes(StandardCharsets.US_ASCII)).putInt(count);
    ByteArrayOutputStream chunks = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      try (Deflater deflater = new Deflater(4, true)) {
        deflater.setInput(block, i * CHUNK, Math.min(CHUNK, block.length - i * CHUNK));
        deflater.finish();
        byte[] out = new byte[2 * CHUNK];
        int length = deflater.deflate(out);
        index.putInt(length);
        chunks.write(out, 0, length);
      }
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(index.array());
    all.writeBytes(chunks.toByteArray());
    return all.toByteArray();
  }

  /** Notes an answer of the Hub about a revision. */
  void answer(RepoId repo, String revision, String name, byte[] body, Instant at)
      throws IOException {
    Path folder =
        Files.createDirectories(
            root.resolve("api")
                .resolve(repo.type().plural())
                .resolve(repo.id())
                .resolve("revision")
                .resolve(revision));
    Files.writeString(
        folder.resolve(name),
        "{\"status_code\": 200, \"headers\": {}, \"cached_at\": %d.25}"
            .formatted(at.getEpochSecond()));
    Files.write(folder.resolve(name + ".body"), body);
  }
}
