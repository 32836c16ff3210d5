package io.intrahub.transfer.core;

import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * In whose name a transfer fetches: its readers in the order of coming, then nobody's. A sponsor
 * whose source failed for a reason that may be its token's is passed over while another reader has
 * a source that was not tried since, so that one token with a limit fails nobody else's load.
 *
 * <p>Not safe for use by many threads: it belongs to its {@link TransferState}.
 */
final class Sponsors {
  private final Readers readers;

  /** How the sponsors that are passed over failed; only of those who read. */
  private final Map<Object, UpstreamFailure> failures = new HashMap<>();

  /** A source that may be used when nobody reads. */
  private Optional<BlobSource> background = Optional.empty();

  /** Readers are those of the state, which changes them. */
  Sponsors(Readers readers) {
    this.readers = readers;
  }

  static boolean same(BlobSource one, BlobSource other) {
    return one.sponsor().equals(other.sponsor());
  }

  void joined(BlobSource source) {
    if (source.outlivesRequest()) {
      background = Optional.of(source);
    }
  }

  void refused(BlobSource source) {
    background = background.filter(b -> !same(b, source));
  }

  /** Whether a source may still be used now that one who came with it has left. */
  boolean mayStillUse(BlobSource source) {
    return source.outlivesRequest() || readers.stream().anyMatch(r -> same(r.source(), source));
  }

  /** A reader with this source has left. */
  void left(BlobSource source) {
    if (readers.stream().noneMatch(r -> same(r.source(), source))) {
      failures.remove(source.sponsor());
    }
  }

  /** A source was opened, so its token is good again. */
  void opened(BlobSource source) {
    failures.remove(source.sponsor());
  }

  /**
   * Whether a failure may have to do with the reader in whose name the call was made, so that
   * another may succeed. It does so if the Hub answered, or let this one call wait, or if another
   * mirror takes the call for one of its own because of what this reader's request claims.
   */
  static boolean mayBeOfToken(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case RATE_LIMITED, UNEXPECTED_ANSWER, INCOMPLETE_ANSWER, SERVER_ERROR, TIMED_OUT, CIRCULAR ->
          true;
      case OFFLINE,
          UNREACHABLE,
          BROKEN,
          STALE_ANSWER,
          NO_REPO_INFO,
          BUSY,
          OVER_LIMIT,
          WRONG_CONTENT ->
          false;
    };
  }

  /**
   * A source failed for a reason that may be its token's. When all have failed, they are tried anew
   * from the first on.
   *
   * @return whether another reader's source can take over
   */
  boolean passOver(BlobSource source, UpstreamFailure failure) {
    if (areExhausted()) {
      failures.clear();
    }
    failures.put(source.sponsor(), failure);
    return !areExhausted();
  }

  /** Whether the sources of all who read have failed. */
  boolean areExhausted() {
    return !failures.isEmpty() && untried().findFirst().isEmpty();
  }

  /** Why a reader gets no bytes: what its own source failed of, if that is known. */
  UpstreamFailure failureOf(Reader reader, UpstreamFailure last) {
    return failures.getOrDefault(reader.source().sponsor(), last);
  }

  private Stream<Reader> untried() {
    return readers.stream()
        .filter(r -> r.isReading() && !failures.containsKey(r.source().sponsor()));
  }

  /** Whether there is one when nobody reads. */
  boolean hasBackground() {
    return background.isPresent();
  }

  /** The one to fetch with now. */
  Optional<BlobSource> current() {
    return untried()
        .findFirst()
        .or(() -> readers.stream().filter(Reader::isReading).findFirst())
        .map(Reader::source)
        .or(() -> background);
  }
}
