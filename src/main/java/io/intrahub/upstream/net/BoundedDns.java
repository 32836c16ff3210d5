package io.intrahub.upstream.net;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import okhttp3.Dns;

/**
 * Looks up names as another {@link Dns} does, and waits for it no longer than a limit. The system's
 * own look-up can't be interrupted, and takes 10 seconds or more when a name server is silent;
 * cancelling a call does not end it. So it runs on a thread of its own, shared by all who look up
 * the same name, and goes on when nobody waits any longer. Whoever comes after the limit, while it
 * goes on, fails at once.
 *
 * <p>What a name led to within the last hour is used in place of an answer that does not come: a
 * name server that is down need not keep the mirror from a Hub that is up.
 *
 * <p>Safe for use by many threads. It needs no closing: idle threads end, and none keeps the
 * process alive.
 */
final class BoundedDns implements Dns {
  /**
   * A name server answers in much less, if it answers. The user of a client hears of an outage
   * within 6 seconds, of which this is a part.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  /** Look-ups at the same time; each may hold a thread for as long as a name server is silent. */
  private static final int MAX_LOOKUPS = 16;

  private static final long IDLE_SECONDS = 10;

  /** Names whose last addresses are remembered. */
  private static final int MAX_NAMES = 1_000;

  private static final Duration REMEMBERED = Duration.ofHours(1);

  /** The system's names. */
  static final BoundedDns SYSTEM = new BoundedDns(Dns.SYSTEM, PATIENCE, MAX_LOOKUPS);

  private final Dns names;
  private final Duration patience;
  private final ThreadPoolExecutor threads;

  /** Owned by this class; it has an entry exactly while the look-up goes on. */
  private final ConcurrentHashMap<String, Lookup> underWay = new ConcurrentHashMap<>();

  /** What the last answer about a name was. */
  private final Cache<String, List<InetAddress>> last =
      Caffeine.newBuilder().maximumSize(MAX_NAMES).expireAfterWrite(REMEMBERED).build();

  private record Lookup(CompletableFuture<List<InetAddress>> found, long began) {}

  /**
   * Looks up nothing yet.
   *
   * @param patience how long a caller waits at most, counted from the beginning of the look-up
   * @param lookups how many may go on at the same time; further ones fail at once
   */
  BoundedDns(Dns names, Duration patience, int lookups) {
    this.names = names;
    this.patience = patience;
    this.threads =
        new ThreadPoolExecutor(
            0,
            lookups,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().daemon().name("dns-", 0).factory());
  }

  /** No name server answered in time. */
  static final class NoAnswerException extends UnknownHostException {
    private static final long serialVersionUID = 1L;

    NoAnswerException(String host) {
      super(host + ": no name server answered in time");
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws NoAnswerException if there is no answer in time, and none is remembered
   * @throws UnknownHostException also if this thread is interrupted
   */
  @Override
  public List<InetAddress> lookup(String host) throws UnknownHostException {
    Lookup mine = new Lookup(new CompletableFuture<>(), System.nanoTime());
    Lookup other = underWay.putIfAbsent(host, mine);
    Lookup lookup = other == null ? mine : other;
    if (other == null) {
      begin(host, mine);
    }
    long left = patience.toNanos() - (System.nanoTime() - lookup.began());
    try {
      return lookup.found().get(Math.max(0, left), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      List<InetAddress> remembered = last.getIfPresent(host);
      if (remembered == null) {
        throw new NoAnswerException(host);
      }
      return remembered;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnknownHostException(host + ": the look-up was interrupted");
    } catch (ExecutionException e) {
      Throwable cause = Objects.requireNonNull(e.getCause());
      UnknownHostException failed = new UnknownHostException(cause.getMessage());
      failed.initCause(cause);
      throw failed;
    }
  }

  private void begin(String host, Lookup lookup) {
    try {
      threads.execute(() -> run(host, lookup));
    } catch (RejectedExecutionException e) {
      end(host, lookup, new UnknownHostException(host + ": too many names are being looked up"));
    } catch (Error e) {
      // No thread could be started; else everybody would wait for this look-up from now on.
      end(host, lookup, e);
    }
  }

  private void run(String host, Lookup lookup) {
    try {
      List<InetAddress> all = names.lookup(host);
      last.put(host, all);
      // Removed before completion, so that whoever sees the result can look the name up again.
      underWay.remove(host, lookup);
      lookup.found().complete(all);
    } catch (Throwable e) {
      end(host, lookup, e);
    }
  }

  private void end(String host, Lookup lookup, Throwable why) {
    underWay.remove(host, lookup);
    lookup.found().completeExceptionally(why);
  }
}
