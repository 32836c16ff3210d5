package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.cachefolder.CachedFiles.CachedFile;
import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.store.ImportedContent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * One cached file of Olah: a folder with a header and the blocks of the content that Olah has
 * fetched so far. A block is plain, or the magic {@code OLBK}, the number of its chunks (u32),
 * their compressed lengths (u32 each), a zero byte and the chunks.
 *
 * @param folder of the entry
 */
record OlahEntry(Path folder, OlahHeader header) implements ImportedContent {
  private static final int BLOCK_MAGIC = 0x4b424c4f;
  private static final int BLOCK_HEAD = 8;

  /** Whether a folder is an entry, rather than one of a path. */
  static boolean isAt(Path folder) {
    return Files.isRegularFile(folder.resolve(OlahHeader.FILE), NOFOLLOW_LINKS);
  }

  /**
   * Reads an entry.
   *
   * @throws UnusableException if its header is, or Olah has not fetched all of it
   */
  static OlahEntry read(Path folder) throws UnusableException {
    OlahEntry entry = new OlahEntry(folder, OlahHeader.read(folder.resolve(OlahHeader.FILE)));
    entry.requireWhole();
    return entry;
  }

  private void requireWhole() throws UnusableException {
    if (!Files.isDirectory(blocks(), NOFOLLOW_LINKS)) {
      throw new UnusableException("it has no blocks");
    }
    int present = 0;
    for (int i = 0; i < header.blocks(); i++) {
      Path block = block(i);
      if (!Files.exists(block, NOFOLLOW_LINKS)) {
        continue;
      }
      BasicFileAttributes found =
          FolderFiles.look(
              block, b -> Files.readAttributes(b, BasicFileAttributes.class, NOFOLLOW_LINKS));
      boolean possible =
          found.isRegularFile()
              && (isCompressed() ? found.size() > BLOCK_HEAD : found.size() == header.bytesIn(i));
      if (!possible) {
        throw new UnusableException("its block " + i + " is damaged");
      }
      present++;
    }
    if (present < header.blocks()) {
      throw new UnusableException(
          "it is unfinished: %d of its %d blocks are there".formatted(present, header.blocks()));
    }
  }

  private boolean isCompressed() {
    return header.compression() == OlahHeader.DEFLATE;
  }

  private Path blocks() {
    return folder.resolve("blocks");
  }

  private Path block(int index) {
    return blocks().resolve("block_%08d.bin".formatted(index));
  }

  /** The entry as a file of a commit. */
  CachedFile asFile(FilePath path, Digest digest) {
    boolean plain = !isCompressed() && header.blocks() == 1;
    return plain
        ? new CachedFile(path, digest, block(0), header.size())
        : new CachedFile(path, digest, folder, header.size(), Optional.of(this));
  }

  @Override
  public InputStream open() {
    return new ChainedStream(header.blocks(), this::openBlock);
  }

  private InputStream openBlock(int index) throws IOException {
    Path block = block(index);
    if (!isCompressed()) {
      return Files.newInputStream(block, NOFOLLOW_LINKS);
    }
    long[] offsets = chunkOffsets(block, header.chunksIn(index));
    return new ChainedStream(
        offsets.length,
        chunk -> InflatedChunk.open(block, offsets[chunk], header.bytesIn(index, chunk)));
  }

  private static long[] chunkOffsets(Path block, int chunks) throws IOException {
    int length = BLOCK_HEAD + chunks * Integer.BYTES;
    byte[] head;
    try (InputStream in = Files.newInputStream(block, NOFOLLOW_LINKS)) {
      head = in.readNBytes(length);
    }
    ByteBuffer index = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
    if (head.length < length || index.getInt() != BLOCK_MAGIC || index.getInt() != chunks) {
      throw new IOException("the index of " + block.getFileName() + " is damaged");
    }
    long[] offsets = new long[chunks];
    long at = length + 1L;
    for (int i = 0; i < chunks; i++) {
      offsets[i] = at;
      at += Integer.toUnsignedLong(index.getInt());
    }
    return offsets;
  }
}
