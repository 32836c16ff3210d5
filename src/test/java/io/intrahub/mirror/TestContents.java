package io.intrahub.mirror;

import io.intrahub.metrics.Meters;
import io.intrahub.transfer.content.ContentStream;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Contents of files from memory, for tests of what writes them. */
public final class TestContents {
  private TestContents() {}

  /** These bytes, from the store. */
  public static FileContent of(byte[] bytes, CacheLabel label) {
    return new FileContent(
        new Bytes(ByteBuffer.wrap(bytes), false),
        label,
        true,
        new Meters(new SimpleMeterRegistry()),
        Meters.Level.DISK);
  }

  /** These bytes, and then a failure. */
  public static FileContent broken(byte[] bytes, CacheLabel label) {
    return new FileContent(
        new Bytes(ByteBuffer.wrap(bytes), true),
        label,
        true,
        new Meters(new SimpleMeterRegistry()),
        Meters.Level.DISK);
  }

  private record Bytes(ByteBuffer left, boolean breaks) implements ContentStream {
    @Override
    public int read(ByteBuffer into) throws IOException {
      if (!left.hasRemaining()) {
        if (breaks) {
          throw new IOException("broken, as scripted");
        }
        return -1;
      }
      int count = Math.min(left.remaining(), into.remaining());
      into.put(left.slice(left.position(), count));
      left.position(left.position() + count);
      return count;
    }

    @Override
    public void await() {}

    @Override
    public void close() {}
  }
}
