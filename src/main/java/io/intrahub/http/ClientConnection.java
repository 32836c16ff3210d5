package io.intrahub.http;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection that notices when the client closes it while its request is being answered,
 * and when the client takes too long to send the head of a request. Jetty does not read from a
 * connection while a request is being answered, so it would see neither the end of the connection
 * nor a reset before it writes.
 *
 * <p>{@link #look} is called about once a second by one thread. All other methods are Jetty's.
 */
final class ClientConnection extends SocketChannelEndPoint {
  /** How long the head of a request may take. Clients send it in one packet. */
  static final Duration HEAD_TIMEOUT = Duration.ofSeconds(25);

  private final Executor executor;
  private final LongSupplier nanos;
  private final AtomicReference<Runnable> onClose = new AtomicReference<>(() -> {});

  /** Held while bytes are read from the channel. Guards {@code ahead} and {@code headSince}. */
  private final ReentrantLock reading = new ReentrantLock();

  /** A byte that {@link #look} has read and that Jetty has not got yet, or -1. */
  private int ahead = -1;

  /** When the first byte of an unfinished head arrived, in nanoseconds, or 0. */
  private long headSince;

  /** The request that is being answered; set and cleared by the thread that answers it. */
  private volatile @Nullable Answering answering;

  /** Whether bytes were sent since the last check. */
  private volatile boolean sent;

  /** When this connection is closed at the latest, in nanoseconds, or 0. */
  private volatile long closeAt;

  ClientConnection(
      SocketChannel channel,
      ManagedSelector selector,
      SelectionKey key,
      Scheduler scheduler,
      Executor executor,
      LongSupplier nanos) {
    super(channel, selector, key, scheduler);
    this.executor = executor;
    this.nanos = nanos;
  }

  /** Sets what is run once when the connection is closed. */
  void onClose(Runnable task) {
    onClose.set(task);
  }

  @Override
  public void onClose(Throwable cause) {
    try {
      super.onClose(cause);
    } finally {
      onClose.getAndSet(() -> {}).run();
    }
  }

  /** Has the connection closed when this time has passed, even if it is in use. */
  void closeAfter(Duration time) {
    closeAt = Math.max(1, nanos.getAsLong() + time.toNanos());
  }

  /** Makes closing this connection send a reset instead of an orderly end. */
  void resetOnClose() {
    try {
      getChannel().setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException e) {
      // It is closed already.
    }
  }

  /** A request that is being answered. Interrupts the thread that answers it if the client left. */
  final class Answering implements AutoCloseable {
    private final Thread thread = Thread.currentThread();

    /** Whether the connection had ended at the last check; owned by the checking thread. */
    private boolean endSeen;

    // Guarded by this.
    private boolean over;
    private boolean left;

    private Answering() {}

    /** Returns whether the client left. */
    synchronized boolean left() {
      return left;
    }

    private synchronized void leave() {
      if (!over && !left) {
        left = true;
        thread.interrupt();
      }
    }

    /** Ends the answer. An interrupt is not carried over to the next request. */
    @Override
    public void close() {
      answering = null;
      synchronized (this) {
        over = true;
        if (left) {
          var _ = Thread.interrupted();
        }
      }
    }
  }

  /** Begins to answer a request on the calling thread. */
  Answering answer() {
    reading.lock();
    try {
      headSince = 0;
    } finally {
      reading.unlock();
    }
    Answering begun = new Answering();
    answering = begun;
    return begun;
  }

  @Override
  public int fill(ByteBuffer buffer) throws IOException {
    reading.lock();
    try {
      int filled;
      if (ahead >= 0) {
        BufferUtil.append(buffer, (byte) ahead);
        ahead = -1;
        filled = 1;
      } else {
        filled = super.fill(buffer);
      }
      if (filled > 0 && answering == null && headSince == 0) {
        headSince = nanos.getAsLong();
      }
      return filled;
    } finally {
      reading.unlock();
    }
  }

  @Override
  protected void needsFillInterest() {
    boolean waiting;
    reading.lock();
    try {
      waiting = ahead >= 0;
    } finally {
      reading.unlock();
    }
    if (waiting) {
      // The selector does not report a byte that was already read.
      executor.execute(() -> getFillInterest().fillable());
    } else {
      super.needsFillInterest();
    }
  }

  @Override
  public boolean flush(ByteBuffer... buffers) throws IOException {
    long before = BufferUtil.remaining(buffers);
    boolean all = super.flush(buffers);
    if (BufferUtil.remaining(buffers) < before) {
      sent = true;
    }
    return all;
  }

  /**
   * Checks whether the client has left or is too slow.
   *
   * <p>A client that closed only its sending direction can't be told from one that left until
   * something is sent to it. So a client counts as having left when its direction is closed and
   * nothing was sent to it since the last check. While bytes flow, a write to a client that left
   * fails.
   */
  void look() {
    long now = nanos.getAsLong();
    Answering current = answering;
    if ((closeAt != 0 && now - closeAt > 0) || (current == null && isHeadLate(now))) {
      close();
      return;
    }
    if (current == null) {
      return;
    }
    boolean flowing = sent || getWriteFlusher().isPending();
    sent = false;
    switch (end()) {
      case OPEN -> {}
      case RESET -> current.leave();
      case CLOSED -> {
        if (current.endSeen && !flowing) {
          current.leave();
        }
        current.endSeen = true;
      }
    }
  }

  private boolean isHeadLate(long now) {
    // A thread that holds the lock is reading, so the request makes progress.
    if (!reading.tryLock()) {
      return false;
    }
    try {
      return headSince != 0 && now - headSince > HEAD_TIMEOUT.toNanos();
    } finally {
      reading.unlock();
    }
  }

  private enum End {
    OPEN,
    CLOSED,
    RESET
  }

  private End end() {
    if (!reading.tryLock()) {
      return End.OPEN;
    }
    try {
      // Jetty itself reads the body of a request. What follows a pipelined request can't be seen.
      if (ahead >= 0 || isFillInterested() || isInputShutdown()) {
        return isInputShutdown() ? End.CLOSED : End.OPEN;
      }
      ByteBuffer one = ByteBuffer.allocate(1);
      int read = getChannel().read(one);
      if (read > 0) {
        ahead = one.get(0) & 0xff;
      }
      return read < 0 ? End.CLOSED : End.OPEN;
    } catch (IOException e) {
      return End.RESET;
    } finally {
      reading.unlock();
    }
  }
}
