package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.store.FileDigest;
import io.intrahub.store.ImportedContent;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Where the content of an imported blob comes from. Each calls {@code goesOn} at each part of it,
 * which may end the reading with an unchecked exception.
 */
interface ImportSource {
  /**
   * Whether the content is that of the blob.
   *
   * @throws IOException if it can't be read
   */
  boolean matches(BlobId blob) throws IOException;

  /**
   * Makes a file of the store with the content, or at most a few bytes more than its size.
   *
   * @throws IOException if the content can't be read or the file can't be written
   */
  Disk.File bring(Path name, long size) throws IOException;

  /** A file, which is copied or gets a second name in the store. */
  record PlainFile(Disk disk, Path file, boolean link, Runnable goesOn) implements ImportSource {
    @Override
    public boolean matches(BlobId blob) throws IOException {
      return FileDigest.matches(file, blob, goesOn);
    }

    @Override
    public Disk.File bring(Path name, long size) throws IOException {
      if (link) {
        disk.link(file, name);
        return disk.open(name);
      }
      return created(
          disk,
          name,
          copy -> {
            try (FileChannel source =
                FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
              // Not beyond the size: a file that grows meanwhile must not take more than was
              // reserved.
              FileIo.copy(source, Math.min(size, source.size()), copy, file, goesOn);
            }
          });
    }
  }

  /** What is not one plain file. */
  record Streamed(Disk disk, ImportedContent content, Runnable goesOn) implements ImportSource {
    @Override
    public boolean matches(BlobId blob) throws IOException {
      return FileDigest.matches(content, blob, goesOn);
    }

    @Override
    public Disk.File bring(Path name, long size) throws IOException {
      return created(
          disk,
          name,
          copy -> {
            try (InputStream in = content.open()) {
              byte[] buffer = new byte[1 << 20];
              long left = size;
              while (left > 0) {
                int count = in.read(buffer, 0, (int) Math.min(buffer.length, left));
                if (count < 0) {
                  return;
                }
                FileIo.writeFully(copy, ByteBuffer.wrap(buffer, 0, count));
                left -= count;
                goesOn.run();
              }
            }
          });
    }
  }

  /** Fills a new file. */
  interface Filler {
    void fill(Disk.File file) throws IOException;
  }

  private static Disk.File created(Disk disk, Path name, Filler filler) throws IOException {
    Disk.File file = disk.create(name);
    boolean whole = false;
    try {
      filler.fill(file);
      whole = true;
      return file;
    } finally {
      if (!whole) {
        file.close();
      }
    }
  }
}
