package io.intrahub.store.fs;

import io.intrahub.store.fs.disk.Disk;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** An open file whose reads are told to a listener. It is for reading only. */
record WatchedFile(Disk.File file, BlobScrubber.Listener listener) implements Disk.File {
  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    int count = file.read(into, position);
    if (count > 0) {
      try {
        listener.read(count);
      } catch (IOException e) {
        // Of this kind, it says nothing about the file.
        InterruptedIOException ended = new InterruptedIOException(e.getMessage());
        ended.initCause(e);
        throw ended;
      }
    }
    return count;
  }

  @Override
  public long size() throws IOException {
    return file.size();
  }

  @Override
  public int write(ByteBuffer from) {
    throw new UnsupportedOperationException();
  }

  @Override
  public int write(ByteBuffer from, long position) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long append(FileChannel source, long position) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void force() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
