package io.intrahub.devhub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * One end of a connection that counts the bytes that the system has accepted. Bytes that the server
 * still buffers are not counted.
 */
final class CountedEndPoint extends SocketChannelEndPoint {
  /** Guarded by this, with the write itself: nobody sees bytes that are gone and not counted. */
  private long taken;

  /** Whether the last write was not taken whole; guarded by this. */
  private boolean full;

  CountedEndPoint(
      SocketChannel channel, ManagedSelector selector, SelectionKey key, Scheduler scheduler) {
    super(channel, selector, key, scheduler);
  }

  @Override
  public synchronized boolean flush(ByteBuffer... buffers) throws IOException {
    long before = remaining(buffers);
    try {
      return super.flush(buffers);
    } finally {
      long left = remaining(buffers);
      taken += before - left;
      full = left > 0;
    }
  }

  private static long remaining(ByteBuffer... buffers) {
    long bytes = 0;
    for (ByteBuffer buffer : buffers) {
      bytes += buffer.remaining();
    }
    return bytes;
  }

  /** Bytes so far, heads and all. For all threads. */
  synchronized long taken() {
    return taken;
  }

  /** Whether the system could not take all of the last write. For all threads. */
  synchronized boolean full() {
    return full;
  }
}
