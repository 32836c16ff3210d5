package io.intrahub.upstream.hub;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.intrahub.access.Authority;
import io.intrahub.base.Deadline;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.HubTargetParser;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.time.Duration;
import java.util.Optional;
import okhttp3.HttpUrl;

/**
 * The addresses of small files that need no first hop. The Hub redirects files kept in git to its
 * own {@code /api/resolve-cache}, so their addresses follow from their paths. It checks the
 * reader's credential there, as at {@code resolve}. Only the preferred endpoint's addresses are
 * derived.
 *
 * <p>What one commit showed counts for all others of its repo type, because it is a habit of the
 * endpoint. A commit whose own first hop led elsewhere, or whose derived address failed, is an
 * exception. While nothing is known of the type, one derived address is tried, at an endpoint that
 * receives tokens: that is the Hub, or a server that the operator put in its place. A public mirror
 * shows its habit with a first hop, because it may count requests that it does not know as abuse.
 *
 * <p>Safe for use by many threads.
 */
final class SmallFileAddresses {
  /** Bytes of heap for what is known of commits. */
  private static final long MAX_WEIGHT = 1L << 20;

  /** Bytes of heap for a commit, besides the name of its repo. */
  private static final int OVERHEAD = 400;

  /**
   * How long counts what was seen last. Then a first hop is made again, or an address tried, in
   * case the endpoint has changed its ways.
   */
  private static final Duration LIFE = Duration.ofMinutes(5);

  /** How long no address is derived after the endpoint showed that it does not know such ones. */
  private static final Duration REFUSED = Duration.ofMinutes(10);

  /**
   * Longest wait for the first file of an endpoint or commit; an own call would hardly be faster.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** Where the small files of a commit come from. */
  private enum Source {
    /** From resolve-cache. */
    CACHE,
    /** From where the first hop of each of them leads. */
    ELSEWHERE,
    /** A derived address failed, so the next first hop must tell. */
    UNCLEAR
  }

  /** What was seen of commits. */
  private final Cache<Key, Source> commits;

  /** Whether the endpoint serves small files from resolve-cache, by what it did last. */
  private final Cache<RepoType, Boolean> habits;

  /** The repo types for which the endpoint refused a derived address lately. */
  private final Cache<RepoType, Boolean> refused;

  /** Has an entry while no address may be tried, because that was of no use lately. */
  private final Cache<Endpoint, Boolean> tried;

  private final Endpoint preferred;
  private final Turns<Object> turns = new Turns<>(PATIENCE);

  private record Key(RepoId repo, CommitHash commit, Authority authority) {
    static Key of(DownloadLocations.Key file) {
      return new Key(file.repo(), file.commit(), file.authority());
    }
  }

  SmallFileAddresses(Endpoint preferred, Ticker ticker) {
    this.preferred = preferred;
    this.commits =
        Caffeine.newBuilder()
            .ticker(ticker)
            .maximumWeight(MAX_WEIGHT)
            .weigher((Key key, Source source) -> OVERHEAD + 2 * key.repo().id().length())
            .expireAfterWrite(LIFE)
            .build();
    this.habits = Caffeine.newBuilder().ticker(ticker).expireAfterWrite(LIFE).build();
    this.refused = Caffeine.newBuilder().ticker(ticker).expireAfterWrite(REFUSED).build();
    this.tried = Caffeine.newBuilder().ticker(ticker).expireAfterWrite(REFUSED).build();
  }

  /** Learns from the address that a first hop told. */
  void learn(DownloadLocations.Key file, Endpoint endpoint, HttpUrl url) {
    if (isSmall(file) && endpoint.equals(preferred)) {
      boolean isCache = isCache(file, endpoint, url);
      commits.put(Key.of(file), isCache ? Source.CACHE : Source.ELSEWHERE);
      habits.put(typeOf(file), isCache);
    }
  }

  private static boolean isCache(DownloadLocations.Key file, Endpoint endpoint, HttpUrl url) {
    // Read as a target, because a path has more than one spelling.
    return endpoint.owns(url)
        && HubTargetParser.parse(endpoint.hubPath(url))
            instanceof HubTargetParser.Target(HubTarget target)
        && target.equals(targetOf(file));
  }

  private static HubTarget targetOf(DownloadLocations.Key file) {
    return new HubTarget.ResolveCacheFile(file.repo(), file.commit(), file.path());
  }

  private static boolean isSmall(DownloadLocations.Key file) {
    return file.blob().digest() instanceof Digest.GitSha1;
  }

  private static RepoType typeOf(DownloadLocations.Key file) {
    return file.repo().type();
  }

  /**
   * The address of a small file at the preferred endpoint, if it can be derived. It must be opened
   * then: it may be the one that is tried.
   */
  Optional<HttpUrl> derive(DownloadLocations.Key file) {
    // Without the query that the Hub adds, which is for caches alone: older clients drop it (HP 3).
    return isSmall(file) && mayDerive(file)
        ? Optional.of(preferred.url(targetOf(file).format()))
        : Optional.empty();
  }

  private boolean mayDerive(DownloadLocations.Key file) {
    if (refused.getIfPresent(typeOf(file)) != null) {
      return false;
    }
    Source source = commits.getIfPresent(Key.of(file));
    if (source != null) {
      return source == Source.CACHE;
    }
    Boolean habit = habits.getIfPresent(typeOf(file));
    return habit == null ? mayTry() : habit;
  }

  /** Whether this call may try an address; no other one may before it succeeded. */
  private boolean mayTry() {
    return preferred.receivesTokens() && tried.asMap().putIfAbsent(preferred, true) == null;
  }

  /** A derived address was opened. */
  void opened(DownloadLocations.Key file) {
    if (!isSmall(file)) {
      return;
    }
    commits.put(Key.of(file), Source.CACHE);
    if (habits.getIfPresent(typeOf(file)) == null) {
      // It was the one that was tried, so that one of another repo type may be tried too.
      tried.invalidate(preferred);
    }
    habits.put(typeOf(file), true);
  }

  /** A derived address brought nothing: the next small file of this commit gets a first hop. */
  void drop(DownloadLocations.Key file) {
    if (isSmall(file)) {
      commits.put(Key.of(file), Source.UNCLEAR);
    }
  }

  /**
   * Wrong bytes came from an endpoint. First hops must tell whether they came from the wrong
   * address, of this commit and of others.
   */
  void wrong(DownloadLocations.Key file, Endpoint endpoint) {
    if (isSmall(file) && endpoint.equals(preferred)) {
      commits.put(Key.of(file), Source.UNCLEAR);
      tried.put(preferred, true);
      habits.invalidate(typeOf(file));
    }
  }

  /** The endpoint rejects a derived address, and serves the file from another one. */
  void refused(DownloadLocations.Key file) {
    if (isSmall(file)) {
      refused.put(typeOf(file), true);
    }
  }

  /**
   * Waits while another thread opens the first small file of the same commit, or the first one of
   * all, because that tells where this one comes from too.
   *
   * @return to be closed after the first attempt at the caller's own first hop, if it needs one
   */
  Turns.Turn begin(DownloadLocations.Key file) {
    if (!isSmall(file) || isKnown(file)) {
      return Turns.Turn.UNSHARED;
    }
    Deadline deadline = Deadline.in(PATIENCE);
    if (habits.getIfPresent(typeOf(file)) == null) {
      Turns.Turn turn = turns.begin(typeOf(file), deadline);
      if (turn.isFirst()) {
        return turn;
      }
    }
    return isKnown(file) ? Turns.Turn.UNSHARED : turns.begin(Key.of(file), deadline);
  }

  private boolean isKnown(DownloadLocations.Key file) {
    Source source = commits.getIfPresent(Key.of(file));
    return source == Source.CACHE || source == Source.ELSEWHERE;
  }
}
