package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.Digest;
import io.intrahub.policy.CallPriority;
import io.intrahub.upstream.CommitFiles;
import java.time.Clock;
import java.util.Optional;

/**
 * Addresses of files that cost no first hop of their own: those of small files follow from their
 * paths, those of LFS files are asked for together. They prove nothing about who may read.
 *
 * @param endpoint the preferred one, whose addresses these are
 * @param offline no endpoint is ever asked
 */
record SharedAddresses(
    Endpoint endpoint,
    DownloadLocations locations,
    SmallFileAddresses smallFiles,
    LfsAddresses lfsFiles,
    RateLimits limits,
    Clock clock,
    boolean offline) {

  /**
   * To be called before {@link #find} by a thread that makes a first hop if that finds nothing; it
   * may wait for another thread's.
   *
   * @return to be closed after the first attempt at the first hop
   */
  Turns.Turn begin(DownloadLocations.Key file, Caller caller) {
    // What another endpoint answers teaches nothing, so there is nothing to wait for.
    return isAsked(caller) ? smallFiles.begin(file) : Turns.Turn.UNSHARED;
  }

  /** If not, the first hop tells what clients hear then, and may find another endpoint. */
  private boolean isAsked(Caller caller) {
    CircuitBreaker breaker = endpoint.breaker();
    return !offline && !breaker.isOpen() && !breaker.isSilent() && endpoint.mayHear(caller);
  }

  /**
   * The address of a file, if it can be had without a first hop.
   *
   * @param files names the LFS files that may be wanted next
   */
  Optional<DownloadLocations.Location> find(
      DownloadLocations.Key file, Caller caller, CommitFiles files) {
    if (!isAsked(caller) || locations.suspects(file).isPresent()) {
      return Optional.empty();
    }
    boolean isLimited =
        limits.find(endpoint, caller, RateLimits.Quota.RESOLVERS, CallPriority.CLIENT).isPresent();
    return Optional.of(file)
        .filter(_ -> !isLimited)
        .flatMap(smallFiles::derive)
        .map(url -> new DownloadLocations.Location(url, endpoint, clock.instant()))
        .or(() -> lfsFiles.find(file, caller, files));
  }

  /** An address that {@link #find} gave was opened. */
  void opened(DownloadLocations.Key file) {
    smallFiles.opened(file);
  }

  /** Wrong bytes came from an address that {@link #find} gave. */
  void wrong(DownloadLocations.Key file, Endpoint from) {
    smallFiles.wrong(file, from);
  }

  /** Nothing came from an address that {@link #find} gave. */
  void drop(DownloadLocations.Key file) {
    smallFiles.drop(file);
    locations.drop(file);
  }

  /** An address that {@link #find} gave can't be used, for a reason that may hold for others. */
  void unusable(DownloadLocations.Key file) {
    if (file.blob().digest() instanceof Digest.Sha256) {
      lfsFiles.unusable(file);
    }
  }

  /** The endpoint rejects an address that {@link #find} gave, and serves the file from another. */
  void rejected(DownloadLocations.Key file) {
    smallFiles.refused(file);
  }
}
