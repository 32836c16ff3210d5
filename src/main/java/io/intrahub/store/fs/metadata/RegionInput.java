package io.intrahub.store.fs.metadata;

import io.intrahub.store.fs.disk.Disk;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/** Reads a part of a file by position, without a buffer of its own. For one thread at a time. */
final class RegionInput extends InputStream {
  private final Disk.File file;
  private final long end;
  private long at;

  /**
   * A part of a file.
   *
   * @param file stays open when this is closed
   * @param from the first byte
   * @param end behind the last byte
   */
  RegionInput(Disk.File file, long from, long end) {
    this.file = file;
    this.at = from;
    this.end = end;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  /**
   * Reads some bytes.
   *
   * @throws EOFException when the file ends before the region does
   */
  @Override
  public int read(byte[] into, int offset, int count) throws IOException {
    Objects.checkFromIndexSize(offset, count, into.length);
    if (count == 0) {
      return 0;
    }
    int most = (int) Math.min(count, end - at);
    if (most <= 0) {
      return -1;
    }
    int read = file.read(ByteBuffer.wrap(into, offset, most), at);
    if (read < 0) {
      throw new EOFException("the file ends at " + at);
    }
    at += read;
    return read;
  }
}
