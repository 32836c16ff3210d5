package io.intrahub.store.fs;

import io.intrahub.hub.CommitHash;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.fs.ManifestFormat.Tail;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Writes one manifest, holding one block of it in memory. */
final class ManifestFile {
  private ManifestFile() {}

  /**
   * Writes all of it.
   *
   * @param sorted by path, each path once
   */
  static void write(
      Disk.File file,
      String repo,
      CommitHash commit,
      boolean complete,
      Collection<ManifestEntry> sorted)
      throws IOException {
    List<ManifestIndex.Block> blocks = new ArrayList<>();
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    byte[] first = {};
    long at = 0;
    int inBlock = 0;
    int left = sorted.size();
    for (ManifestEntry entry : sorted) {
      if (inBlock == 0) {
        first = ManifestFormat.utf8(entry.entry().path().value());
      }
      block.writeBytes(ManifestFormat.encode(entry).array());
      inBlock++;
      left--;
      if (inBlock == ManifestFormat.ENTRIES_IN_BLOCK || left == 0) {
        ByteBuffer bytes = ByteBuffer.wrap(block.toByteArray());
        blocks.add(
            new ManifestIndex.Block(first, at, bytes.remaining(), ManifestFormat.crc(bytes)));
        at += bytes.remaining();
        FileIo.writeFully(file, bytes);
        block.reset();
        inBlock = 0;
      }
    }
    ByteBuffer index =
        ByteBuffer.wrap(ManifestIndex.encode(repo, commit, complete, sorted.size(), blocks));
    Tail tail = new Tail(at, index.remaining(), ManifestFormat.crc(index));
    FileIo.writeFully(file, index);
    FileIo.writeFully(file, tail.encode());
  }
}
