package io.intrahub.upstream.hub;

import io.intrahub.metrics.Meters;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.net.HttpTransport;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import okhttp3.Response;

/** Exactly the asked number of bytes, or an exception. */
final class HttpStream implements BlobSource.Stream {
  private static final long STRIDE = 1 << 20;

  /** Bytes that count as progress: a connection that brings fewer has brought next to nothing. */
  private static final int PROGRESS = 64 * 1024;

  private final Response response;
  private final Meters meters;
  private final RetryBudget budget;

  /** Bytes that come before those that were asked for. */
  private long skip;

  private long left;

  /** Bytes that arrived since the budget was refilled. */
  private long progress;

  HttpStream(Response response, long skip, long length, Meters meters, RetryBudget budget) {
    this.response = response;
    this.budget = budget;
    this.skip = skip;
    this.left = length;
    this.meters = meters;
  }

  /**
   * Not done when it is opened: who hears that upstream sends no ranges may not want to wait for
   * gigabytes, and must be able to break them off.
   */
  private void skip() throws IOException {
    while (skip > 0) {
      long some = Math.min(skip, STRIDE);
      response.body().source().skip(some);
      skip -= some;
      arrived(some);
    }
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (left == 0) {
      return -1;
    }
    skip();
    int limit = into.limit();
    if (into.remaining() > left) {
      into.limit(into.position() + (int) left);
    }
    int read;
    try {
      read = response.body().source().read(into);
    } finally {
      into.limit(limit);
    }
    if (read < 0) {
      throw new EOFException("upstream ended " + left + " bytes too early");
    }
    left -= read;
    arrived(read);
    return read;
  }

  private void arrived(long bytes) {
    meters.fetched(bytes);
    progress += bytes;
    if (progress >= PROGRESS || left == 0) {
      progress = 0;
      budget.refill();
    }
  }

  @Override
  public void await() throws IOException {
    if (left > 0) {
      skip();
      var _ = response.body().source().request(1);
    }
  }

  @Override
  public void abort() {
    HttpTransport.CallHandle.abort(response);
  }

  @Override
  public void close() {
    response.close();
  }
}
