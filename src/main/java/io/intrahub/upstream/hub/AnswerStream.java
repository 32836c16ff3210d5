package io.intrahub.upstream.hub;

import io.intrahub.base.MemoryBudget;
import io.intrahub.upstream.BrokenAnswerException;
import io.intrahub.upstream.net.HttpTransport;
import java.io.Flushable;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import okhttp3.Response;
import okio.BufferedSource;

/**
 * The body of an answer, with a limit on the time for which upstream may keep the mirror waiting,
 * and with the memory of long JSON tokens accounted for before they are read. Only the time inside
 * {@link #read} counts, so a client that takes its time costs upstream nothing.
 *
 * <p>For one thread at a time.
 */
final class AnswerStream extends InputStream {
  /**
   * An answer that keeps up this rate is not ended by the limit, but only by the longest time: each
   * second's worth of bytes earns a second. Without it a large answer could never come over a slow
   * link.
   */
  private static final long BYTES_PER_SECOND = 64 * 1024;

  /** Within one token, JSON text costs so many times its bytes: as characters, and as a string. */
  private static final int HEAP_PER_BYTE = 5;

  /** Bytes of one token that the reservation of a whole answer includes. */
  private static final int SHORT_TOKEN = 16 * 1024;

  private final BufferedSource source;
  private final MemoryBudget.Reservation reservation;
  private final Duration limit;
  private final Duration longest;
  private final boolean limited;

  /** Flushed before upstream is waited for. */
  private Flushable receiver = () -> {};

  /** Time for which upstream may still be waited for, in nanoseconds. */
  private long left;

  /** Time that bytes may still earn, in nanoseconds. */
  private long credit;

  /** Bytes read since the last token ended. */
  private long tokenBytes;

  /** What the present token has reserved beyond the rest. */
  private long reservedForToken;

  /**
   * Wraps a body of which nothing was read.
   *
   * @param limited false for the content of a file, which may take as long as bytes come
   * @param limit for the whole answer, without what its bytes earn
   * @param longest for the whole answer, with that
   * @param spent how long the head took, in nanoseconds
   */
  AnswerStream(
      Response response,
      MemoryBudget.Reservation reservation,
      boolean limited,
      Duration limit,
      Duration longest,
      long spent) {
    this.source = response.body().source();
    this.reservation = reservation;
    this.limited = limited;
    this.limit = limit;
    this.longest = longest;
    this.credit = Math.max(0, longest.minus(limit).toNanos());
    this.left = limit.toNanos() - spent;
  }

  /**
   * Waits until so many bytes are buffered, or the body ended before.
   *
   * @return whether they are there
   * @throws BrokenAnswerException when upstream breaks off or takes too long
   */
  boolean request(long bytes) throws IOException {
    long before = source.getBuffer().size();
    long start = System.nanoTime();
    try {
      if (limited) {
        if (left <= 0) {
          throw late();
        }
        source.timeout().deadlineNanoTime(start + left);
      }
      return source.request(bytes);
    } catch (IOException e) {
      boolean late = limited && System.nanoTime() - start >= left;
      throw new BrokenAnswerException(FailureClassifier.of(late ? late() : e), e);
    } finally {
      long came = source.getBuffer().size() - before;
      left -= System.nanoTime() - start;
      long earned = Math.min(credit, came * Duration.ofSeconds(1).toNanos() / BYTES_PER_SECOND);
      left += earned;
      credit -= earned;
    }
  }

  private HttpTransport.FirstByteTimeoutException late() {
    return new HttpTransport.FirstByteTimeoutException(
        "no complete answer within " + (credit > 0 ? limit : longest).toSeconds() + " s");
  }

  /** Names who gets what is read, and shall have it when upstream lets the mirror wait. */
  void feeds(Flushable reader) {
    receiver = reader;
  }

  /** What is buffered, without taking it. */
  byte[] peek() throws IOException {
    return source.peek().readByteArray(source.getBuffer().size());
  }

  /** The present JSON token was copied, and its memory is free again. */
  void tokenEnds() {
    tokenBytes = 0;
    if (reservedForToken > 0) {
      reservation.shrink(reservedForToken);
      reservedForToken = 0;
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (source.getBuffer().size() == 0) {
      receiver.flush();
      if (!request(1)) {
        return -1;
      }
    }
    int read = source.read(into, offset, length);
    tokenBytes += read;
    long wanted = Math.max(0, tokenBytes - SHORT_TOKEN) * HEAP_PER_BYTE;
    if (wanted > reservedForToken) {
      reservation.grow(wanted - reservedForToken);
      reservedForToken = wanted;
    }
    return read;
  }
}
