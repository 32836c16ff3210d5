package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.EntryJson;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.ApiAnswer;
import io.intrahub.upstream.ApiRequest;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.HubUpstream;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamState;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What commits hold: learned once by listing the whole tree anonymously, then read from the store.
 * Safe for use by many threads.
 */
final class Manifests {
  private static final Logger log = LoggerFactory.getLogger(Manifests.class);

  /** An open manifest keeps its block index in memory, a few KiB for most repos. */
  private static final int MAX_OPEN = 2_000;

  private static final Duration RETRY_AFTER = Duration.ofSeconds(30);

  private final RepoStore store;
  private final HubUpstream upstream;
  private final SingleFlight<Key, Learning> flights;
  private final Cache<Key, Manifest> open = Caffeine.newBuilder().maximumSize(MAX_OPEN).build();
  private final Cache<Key, Learning> failedLately =
      Caffeine.newBuilder().maximumSize(MAX_OPEN).expireAfterWrite(RETRY_AFTER).build();

  /** Commits of which it is known for good that they hold too much to be learned. */
  private final Cache<Key, Learning> tooLarge = Caffeine.newBuilder().maximumSize(MAX_OPEN).build();

  private final int limit;

  private record Key(RepoId repo, CommitHash commit) {}

  /** What came of learning. */
  sealed interface Learning {
    /** The manifest is complete. */
    record Complete(Manifest manifest) implements Learning {}

    /** There are more entries than are learned, or the store can't keep them. */
    record TooLarge() implements Learning {}

    record Refused(FirstHop.Refusal refusal) implements Learning {}

    record Failed(UpstreamFailure failure) implements Learning {}
  }

  Manifests(RepoStore store, HubUpstream upstream, Executor executor, int limit) {
    this.store = store;
    this.upstream = upstream;
    this.flights = new SingleFlight<>(executor);
    this.limit = limit;
  }

  /** The manifest, if it was learned. */
  Optional<Manifest> get(Authorised<RepoId> repo, CommitHash commit) {
    Key key = new Key(repo.subject(), commit);
    Manifest known = open.getIfPresent(key);
    if (known != null) {
      return Optional.of(known);
    }
    Optional<Manifest> stored = store.manifest(repo, commit);
    stored.ifPresent(m -> open.put(key, m));
    return stored;
  }

  /**
   * Learns the manifest behind the clients' backs, unless it is known or upstream can't be asked. A
   * failure is not repeated before {@link #RETRY_AFTER}: every file of a load comes by here.
   */
  void learnBehind(Authorised<RepoId> repo, CommitHash commit) {
    Key key = new Key(repo.subject(), commit);
    if (get(repo, commit).isEmpty()
        && upstream.state() == UpstreamState.REACHABLE
        && failedLately.getIfPresent(key) == null) {
      var _ = join(repo, commit);
    }
  }

  /**
   * Learns the manifest and waits for it without a limit. For threads that no client waits for.
   *
   * @return whether all is known that can be: false when another try may bring more
   */
  boolean learn(Authorised<RepoId> repo, CommitHash commit) {
    return get(repo, commit).isPresent()
        || switch (join(repo, commit).join()) {
          case Learning.Complete _, Learning.TooLarge _ -> true;
          case Learning.Refused _, Learning.Failed _ -> false;
        };
  }

  /**
   * The manifest, learned now if need be; empty when that takes too long.
   *
   * @param admission of the client that asks
   */
  Optional<Learning> getOrLearn(
      Authorised<RepoId> repo,
      CommitHash commit,
      ColdQuestions.Admission admission,
      Duration atMost) {
    Optional<Manifest> known = get(repo, commit).filter(Manifest::complete);
    if (known.isPresent()) {
      return Optional.of(new Learning.Complete(known.get()));
    }
    Optional<CompletableFuture<Learning>> learning = join(repo, commit, admission::begin);
    return learning.isPresent()
        ? Waiting.until(learning.get(), atMost)
        : Optional.of(new Learning.Failed(admission.refusal()));
  }

  private CompletableFuture<Learning> join(Authorised<RepoId> repo, CommitHash commit) {
    return join(repo, commit, () -> true).orElseThrow();
  }

  private Optional<CompletableFuture<Learning>> join(
      Authorised<RepoId> repo, CommitHash commit, BooleanSupplier admission) {
    // Else each page that a client reads of it would cost a listing of the whole.
    Learning large = tooLarge.getIfPresent(new Key(repo.subject(), commit));
    if (large != null) {
      return Optional.of(CompletableFuture.completedFuture(large));
    }
    return flights.join(
        new Key(repo.subject(), commit),
        admission,
        () -> {
          Learning learning = list(repo, commit);
          if (!(learning instanceof Learning.Complete)) {
            failedLately.put(new Key(repo.subject(), commit), learning);
            log.info(
                "The listing of {} at {} was not learned: {}", repo.subject(), commit, learning);
          }
          return learning;
        });
  }

  private Learning list(Authorised<RepoId> repo, CommitHash commit) {
    List<ManifestEntry> entries = new ArrayList<>();
    String target =
        new HubTarget.Tree(repo.subject(), commit.asRevision(), Optional.empty()).format()
            + "?recursive=true&expand=false";
    // Each page but the last brings an entry, so the limit of entries is one of pages too.
    while (true) {
      switch (upstream.call(ApiRequest.get(target), Caller.ANONYMOUS)) {
        case ApiAnswer.Ok page when !page.isAuthoritative() -> {
          // What is missing from a manifest is told to be missing for ever.
          return new Learning.Failed(
              new UpstreamFailure(
                  UpstreamFailure.Kind.UNREACHABLE, "only a fallback knows its files now"));
        }
        case ApiAnswer.Ok page -> {
          int before = entries.size();
          try {
            EntryJson.read(
                new ByteArrayInputStream(page.body()),
                sent -> entries.add(new ManifestEntry(sent.entry(), sent.json())));
          } catch (MalformedJsonException e) {
            return strange(e.reason());
          }
          if (entries.size() > limit) {
            Learning large = new Learning.TooLarge();
            tooLarge.put(new Key(repo.subject(), commit), large);
            return large;
          }
          switch (upstream.nextPage(page, target)) {
            case HubUpstream.NextPage.None _ -> {
              return keep(repo, commit, entries);
            }
            case HubUpstream.NextPage.Elsewhere _ -> {
              return strange("its next page lies elsewhere");
            }
            case HubUpstream.NextPage.At next -> target = next.target();
          }
          if (entries.size() == before) {
            return strange("its pages bring nothing and do not end");
          }
        }
        case ApiAnswer.Refused refused -> {
          return new Learning.Refused(refused.refusal());
        }
        case ApiAnswer.Failed failed -> {
          return new Learning.Failed(failed.failure());
        }
        case ApiAnswer.Info _ -> throw new IllegalStateException("a listing is no repo info");
      }
    }
  }

  private static Learning strange(String reason) {
    return new Learning.Failed(new UpstreamFailure(UpstreamFailure.Kind.STRANGE, reason));
  }

  private Learning keep(Authorised<RepoId> repo, CommitHash commit, List<ManifestEntry> entries) {
    store.putManifest(repo.subject(), commit, entries, true);
    Optional<Manifest> kept = get(repo, commit);
    // A store that could not write must not make the listing fail for the one who asked.
    return kept.<Learning>map(Learning.Complete::new).orElseGet(Learning.TooLarge::new);
  }
}
