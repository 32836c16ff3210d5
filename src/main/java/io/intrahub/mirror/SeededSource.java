package io.intrahub.mirror;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.RepoId;
import io.intrahub.store.SeedBlobs;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Takes a blob from a seed, and from upstream if there is none or it turns out to be wrong. Safe
 * for use by many threads.
 */
final class SeededSource implements BlobSource {
  /** How long a file may be verified before upstream is asked, and asked again. */
  private static final Duration VERIFYING = Duration.ofSeconds(5);

  /** An hour in all: enough for a file of 500 GB on a share that delivers 150 MB/s. */
  private static final int MAX_WAITS = 720;

  private final SeedBlobs seeds;
  private final RepoId repo;
  private final BlobId blob;
  private final BlobSource upstream;

  /** The files from which bytes were taken. */
  private final Set<Path> used = ConcurrentHashMap.newKeySet();

  private final AtomicInteger waits = new AtomicInteger();

  private volatile boolean fromUpstream;

  /**
   * A source of one blob.
   *
   * @param upstream asked for what no seed has
   */
  SeededSource(SeedBlobs seeds, RepoId repo, BlobId blob, BlobSource upstream) {
    this.seeds = seeds;
    this.repo = repo;
    this.blob = blob;
    this.upstream = upstream;
  }

  /** {@inheritDoc} While a seed is verified, for the first time or because upstream is down. */
  @Override
  public void awaitLocal() {
    var _ = seeds.await(repo, blob, VERIFYING);
  }

  /**
   * {@inheritDoc} While upstream gives no answer, there is only the seed, however long it is
   * verified. Upstream is asked again meanwhile: it may be back.
   */
  @Override
  public boolean mayOpenLater(UpstreamFailure failure) {
    return failure.isOutage()
        && seeds.isVerifying(repo, blob)
        && waits.incrementAndGet() <= MAX_WAITS;
  }

  @Override
  public UpstreamResult<Opened> open(ByteRange.Span span) {
    return seed(span).orElseGet(() -> noted(upstream.open(span)));
  }

  @Override
  public UpstreamResult<Opened> openUnlessLimited(ByteRange.Span span) {
    return seed(span).orElseGet(() -> noted(upstream.openUnlessLimited(span)));
  }

  private UpstreamResult<Opened> noted(UpstreamResult<Opened> answer) {
    if (answer instanceof UpstreamResult.Value) {
      fromUpstream = true;
    }
    return answer;
  }

  private Optional<UpstreamResult<Opened>> seed(ByteRange.Span span) {
    Optional<SeedBlobs.Seed> opened = seeds.open(repo, blob, Duration.ZERO);
    opened.ifPresent(seed -> used.add(seed.file()));
    return opened.map(seed -> new UpstreamResult.Value<>(new Opened(new SeedStream(seed, span))));
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
    if (fromUpstream || used.isEmpty()) {
      upstream.reportWrongContent();
    }
    used.forEach(seeds::reject);
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
    public void await() throws IOException {
      if (at < end) {
        reading(() -> {
          seed.await(at);
          return 0;
        });
      }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      if (at >= end) {
        return -1;
      }
      int limit = into.limit();
      into.limit((int) Math.min(limit, into.position() + (end - at)));
      try {
        int count = reading(() -> seed.read(into, at));
        at += count;
        return count;
      } finally {
        into.limit(limit);
      }
    }

    /**
     * After a failure, the transfer opens the source again at the next byte, and is given another
     * seed's or upstream's.
     */
    private int reading(Reading read) throws IOException {
      try {
        return read.now();
      } catch (SeedBlobs.InterruptedSeedException e) {
        throw e;
      } catch (IOException e) {
        if (!Thread.currentThread().isInterrupted()) {
          seeds.reject(seed.file());
        }
        throw e;
      }
    }

    @Override
    public void close() {
      seed.close();
    }
  }

  private interface Reading {
    int now() throws IOException;
  }
}
