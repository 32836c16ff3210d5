package io.intrahub.store.fs.metadata;

import io.intrahub.hub.CommitHash;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.metadata.EntryCursor.Encoded;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Writes one manifest, holding one block of it and its index in memory. */
final class ManifestFile {
  private ManifestFile() {}

  /** Has memory for the index, which grows with the manifest. */
  interface IndexMemory {
    /**
     * Takes some more bytes.
     *
     * @throws IOException when there are none
     */
    void grow(int bytes) throws IOException;
  }

  /**
   * Writes all of it.
   *
   * @param sorted by path, each path once
   * @param memory told of what the index takes
   */
  static void write(
      Disk.File file,
      String repo,
      CommitHash commit,
      boolean complete,
      EntryCursor sorted,
      IndexMemory memory)
      throws IOException {
    List<ManifestIndex.Block> blocks = new ArrayList<>();
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    byte[] first = {};
    long at = 0;
    int inBlock = 0;
    int size = 0;
    Encoded entry = sorted.next();
    while (entry != null) {
      if (inBlock == 0) {
        first = entry.path();
      }
      block.writeBytes(entry.bytes());
      inBlock++;
      size++;
      entry = sorted.next();
      if (entry == null
          || inBlock == ManifestFormat.ENTRIES_IN_BLOCK
          || block.size() >= ManifestFormat.FULL_BLOCK) {
        ByteBuffer bytes = ByteBuffer.wrap(block.toByteArray());
        ManifestIndex.Block next =
            new ManifestIndex.Block(first, at, bytes.remaining(), ManifestFormat.crc(bytes));
        memory.grow(next.weight());
        blocks.add(next);
        at += bytes.remaining();
        FileIo.writeFully(file, bytes);
        block.reset();
        inBlock = 0;
      }
    }
    FileIo.writeFully(
        file, ManifestIndex.write(file, at, repo, commit, complete, size, blocks).encode());
  }
}
