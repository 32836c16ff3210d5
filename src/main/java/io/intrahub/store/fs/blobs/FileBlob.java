package io.intrahub.store.fs.blobs;

import io.intrahub.store.StoredBlob;
import io.intrahub.store.fs.disk.SharedFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletableFuture;

/** A published blob that is read from its file. */
public final class FileBlob implements StoredBlob {
  private final SharedFile file;
  private final long size;
  private final Runnable onDamage;
  private final BlobPins.Pin pin;
  private final CompletableFuture<Check> check;

  /**
   * An open blob.
   *
   * @param onDamage called when the file can't be read, so that the next one who opens it checks it
   * @param pin closed with this; until then the blob is not evicted
   * @param check of its content; most often over
   */
  public FileBlob(
      SharedFile file,
      long size,
      Runnable onDamage,
      BlobPins.Pin pin,
      CompletableFuture<Check> check) {
    this.file = file;
    this.size = size;
    this.onDamage = onDamage;
    this.pin = pin;
    this.check = check;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public CompletableFuture<Check> check() {
    return check;
  }

  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    InMemoryBlob.requireInside(position, size);
    try {
      int count = file.read(into, position);
      if (count <= 0) {
        throw new EOFException("the file ends at %d of %d bytes".formatted(position, size));
      }
      return count;
    } catch (ClosedChannelException | NoSuchFileException e) {
      // Closed by an interrupt, or somebody deleted it by hand before it was opened again.
      throw e;
    } catch (IOException e) {
      onDamage.run();
      throw e;
    }
  }

  @Override
  public void close() {
    file.close();
    pin.close();
  }
}
