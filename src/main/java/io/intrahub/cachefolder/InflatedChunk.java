package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/**
 * A part of a file that is compressed with deflate, without a header of its own. It ends after as
 * many bytes as it should have, whatever else would follow.
 */
final class InflatedChunk extends InflaterInputStream {
  private static final int BUFFER = 1 << 16;

  private final Inflater inflater;
  private long left;

  private InflatedChunk(InputStream from, Inflater inflater, long size) {
    super(from, inflater, BUFFER);
    this.inflater = inflater;
    this.left = size;
  }

  /**
   * Opens a part.
   *
   * @param offset where it begins in the file
   * @param size of the content in bytes
   */
  static InflatedChunk open(Path file, long offset, long size) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, NOFOLLOW_LINKS);
    channel.position(offset);
    return new InflatedChunk(Channels.newInputStream(channel), new Inflater(true), size);
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (left == 0) {
      return -1;
    }
    int count = super.read(into, offset, (int) Math.min(length, left));
    left -= Math.max(count, 0);
    return count;
  }

  @Override
  public void close() throws IOException {
    try (inflater) {
      super.close();
    }
  }
}
