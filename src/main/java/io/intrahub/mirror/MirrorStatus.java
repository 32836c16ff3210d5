package io.intrahub.mirror;

import io.intrahub.store.GuardedFolder;
import io.intrahub.store.Tombstone;
import io.intrahub.transfer.fetch.TransferProgress;
import io.intrahub.upstream.hub.UpstreamQuotas;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What goes on at one moment, for the operator: names of files are in it.
 *
 * @param upstream whether upstream can be asked now: {@code reachable}, {@code down} or {@code
 *     offline}
 * @param loads files that are being fetched, or kept open for who may come; the busy ones first,
 *     then by name
 * @param connectionsInUse connections to fetch bytes of files that are made or being made
 * @param connectionsWaiting how many wait for such a connection
 * @param passThrough files on their way to one client that are not kept
 * @param removed repos that the Hub no longer serves, the latest first
 * @param quotas how many more calls upstream allows
 * @param seeds folders from which content is taken before upstream is asked
 */
public record MirrorStatus(
    String upstream,
    List<Load> loads,
    int connectionsInUse,
    int connectionsWaiting,
    int passThrough,
    List<Removed> removed,
    List<Quota> quotas,
    List<SeedState> seeds) {
  /** Takes copies of the lists. */
  public MirrorStatus {
    loads = List.copyOf(loads);
    removed = List.copyOf(removed);
    quotas = List.copyOf(quotas);
    seeds = List.copyOf(seeds);
  }

  /**
   * A folder of {@code store.seeds}.
   *
   * @param path where it is, absolute
   * @param hangs whether it does not answer, so that it counts as not mounted
   */
  public record SeedState(String path, boolean hangs) {
    static SeedState of(GuardedFolder folder) {
      return new SeedState(folder.path().toString(), folder.hangs());
    }
  }

  /**
   * How many more calls upstream allows.
   *
   * @param identity {@code anonymous} for calls without a token, or {@code token} for those with
   *     the token that has the least left
   * @param quota as the Hub names it: {@code api}, {@code resolvers} or {@code pages}
   * @param left calls until the window ends
   * @param limit calls of a whole window
   * @param resets until the window ends
   */
  public record Quota(String identity, String quota, long left, long limit, Duration resets) {
    static Quota of(UpstreamQuotas.Left left) {
      return new Quota(left.identity(), left.quota(), left.left(), left.limit(), left.resets());
    }
  }

  /**
   * A repo that the Hub no longer serves.
   *
   * @param repo its type and name
   * @param tombstone what the Hub said
   * @param since when it said so
   */
  public record Removed(String repo, Tombstone tombstone, Instant since) {}

  /**
   * One file.
   *
   * @param source which one, and from where
   * @param state {@code fetching}, {@code queued} (it waits for a connection, of which there are no
   *     more), {@code idle} (nobody waits for what is missing), {@code verifying}, {@code waiting}
   *     (upstream fails; asked again when somebody needs it) or {@code ending}
   * @param size in bytes
   * @param available bytes of it that are in the store
   * @param bytesPerSecond from upstream, lately
   * @param readers clients that read along
   * @param connections to upstream that are made or being made
   * @param left until it is whole, if it goes on like this; empty when nobody can say
   */
  public record Load(
      String source,
      String state,
      long size,
      long available,
      long bytesPerSecond,
      int readers,
      int connections,
      Optional<Duration> left) {
    static Load of(TransferProgress p) {
      return new Load(
          p.source(),
          p.state(),
          p.size(),
          p.available(),
          p.bytesPerSecond(),
          p.readers(),
          p.connections(),
          p.left());
    }
  }

  /** Of these transfers. */
  static List<Load> loads(List<TransferProgress> progress) {
    return progress.stream()
        .sorted(
            Comparator.comparing(TransferProgress::isIdle).thenComparing(TransferProgress::source))
        .map(Load::of)
        .toList();
  }
}
