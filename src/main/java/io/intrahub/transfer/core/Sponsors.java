package io.intrahub.transfer.core;

import io.intrahub.upstream.BlobSource;
import java.util.Optional;

/** In whose name a transfer fetches: its readers in the order of coming, then nobody's. */
final class Sponsors {
  private final Readers readers;

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

  /** Whether there is one when nobody reads. */
  boolean hasBackground() {
    return background.isPresent();
  }

  /** The one to fetch with now. */
  Optional<BlobSource> current() {
    return readers.stream()
        .filter(Reader::isReading)
        .findFirst()
        .map(Reader::source)
        .or(() -> background);
  }
}
