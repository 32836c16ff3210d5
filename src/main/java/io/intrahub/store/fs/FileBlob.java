package io.intrahub.store.fs;

import io.intrahub.store.StoredBlob;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/** A published blob that is read from its file. */
final class FileBlob implements StoredBlob {
  private final SharedFile file;
  private final long size;
  private final Runnable onDamage;

  /**
   * An open blob.
   *
   * @param onDamage called when the file can't be read, so that the next one who opens it checks it
   */
  FileBlob(SharedFile file, long size, Runnable onDamage) {
    this.file = file;
    this.size = size;
    this.onDamage = onDamage;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    BytesBlob.requireInside(position, size);
    try {
      int count = file.read(into, position);
      if (count <= 0) {
        throw new EOFException("the file ends at %d of %d bytes".formatted(position, size));
      }
      return count;
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      onDamage.run();
      throw e;
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
