package io.intrahub.mirror;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.RepoId;
import io.intrahub.store.SeedBlobs;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * Takes a blob from a seed, and from upstream if there is none or it turns out to be wrong. Safe
 * for use by many threads.
 *
 * @param upstream asked for what no seed has
 */
record SeededSource(SeedBlobs seeds, RepoId repo, BlobId blob, BlobSource upstream)
    implements BlobSource {
  /** How long a file may be verified before it is taken from upstream instead. */
  private static final Duration VERIFYING = Duration.ofSeconds(5);

  /** Enough for a file of 500 GB on a share that delivers 150 MB/s. */
  private static final Duration VERIFYING_ALONE = Duration.ofHours(1);

  @Override
  public UpstreamResult<Opened> open(ByteRange.Span span) {
    return seed(span, VERIFYING).orElseGet(() -> orWait(span, upstream.open(span)));
  }

  @Override
  public UpstreamResult<Opened> openUnlessLimited(ByteRange.Span span) {
    return seed(span, VERIFYING).orElseGet(() -> orWait(span, upstream.openUnlessLimited(span)));
  }

  /** While upstream gives no answer, there is only the seed, however long it is verified. */
  private UpstreamResult<Opened> orWait(ByteRange.Span span, UpstreamResult<Opened> fromUpstream) {
    return fromUpstream
        .asFailure()
        .filter(UpstreamFailure::isOutage)
        .flatMap(_ -> seed(span, VERIFYING_ALONE))
        .orElse(fromUpstream);
  }

  private Optional<UpstreamResult<Opened>> seed(ByteRange.Span span, Duration atMost) {
    return seeds
        .open(repo, blob, atMost)
        .map(seed -> new UpstreamResult.Value<>(new Opened(new SeedStream(seed, span))));
  }

  @Override
  public Object sponsor() {
    return upstream.sponsor();
  }

  @Override
  public boolean outlivesRequest() {
    return upstream.outlivesRequest();
  }

  @Override
  public String host() {
    return upstream.host();
  }

  @Override
  public void reportWrongContent() {
    seeds.reject(repo, blob);
    upstream.reportWrongContent();
  }

  /** For the operator, like that of upstream. */
  @Override
  public String toString() {
    return upstream.toString();
  }

  /** A span of a seed. */
  private final class SeedStream implements Stream {
    private final SeedBlobs.Seed seed;
    private final long end;
    private long at;

    SeedStream(SeedBlobs.Seed seed, ByteRange.Span span) {
      this.seed = seed;
      this.at = span.offset();
      this.end = span.end();
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      if (at >= end) {
        return -1;
      }
      int limit = into.limit();
      into.limit((int) Math.min(limit, into.position() + (end - at)));
      try {
        int count = seed.read(into, at);
        if (count < 0) {
          throw new EOFException("a seed became shorter while it was read");
        }
        at += count;
        return count;
      } catch (IOException e) {
        if (!Thread.currentThread().isInterrupted()) {
          // The transfer opens the source again at the next byte, and is given upstream's.
          seeds.reject(repo, blob);
        }
        throw e;
      } finally {
        into.limit(limit);
      }
    }

    @Override
    public void close() {
      seed.close();
    }
  }
}
