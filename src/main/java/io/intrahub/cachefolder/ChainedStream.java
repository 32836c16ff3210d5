package io.intrahub.cachefolder;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** The bytes of several streams one after another, each opened when it is needed. */
final class ChainedStream extends InputStream {
  private final int count;
  private final Parts parts;
  private int opened;
  private InputStream current = InputStream.nullInputStream();

  /** Opens the streams. */
  interface Parts {
    InputStream open(int index) throws IOException;
  }

  ChainedStream(int count, Parts parts) {
    this.count = count;
    this.parts = parts;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, into.length);
    if (length == 0) {
      return 0;
    }
    int read = current.read(into, offset, length);
    while (read < 0 && opened < count) {
      current.close();
      current = parts.open(opened);
      opened++;
      read = current.read(into, offset, length);
    }
    return read;
  }

  @Override
  public void close() throws IOException {
    opened = count;
    current.close();
  }
}
