package io.intrahub.store.fs.metadata;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Merges sorted entries. Of those with one path it passes on the last of the last source. */
final class MergeCursor implements EntryCursor {
  private final Predicate<Encoded> leftOut;

  /** Sources that are not at their end, by their first entry and then by age. */
  private final PriorityQueue<Source> sources =
      new PriorityQueue<>(
          Comparator.comparing(Source::first, Encoded.BY_PATH).thenComparingInt(Source::number));

  private record Source(EntryCursor rest, int number, Encoded first) {}

  /**
   * Merges.
   *
   * @param sources older ones first
   * @param leftOut entries that do not count
   */
  MergeCursor(List<EntryCursor> sources, Predicate<Encoded> leftOut) throws IOException {
    this.leftOut = leftOut;
    for (int i = 0; i < sources.size(); i++) {
      add(sources.get(i), i);
    }
  }

  private void add(EntryCursor rest, int number) throws IOException {
    Encoded first = rest.next();
    if (first != null) {
      sources.add(new Source(rest, number, first));
    }
  }

  @Override
  public @Nullable Encoded next() throws IOException {
    Encoded found = null;
    while (true) {
      Source least = sources.peek();
      boolean same =
          least != null && (found == null || Encoded.BY_PATH.compare(found, least.first()) == 0);
      if (least == null || !same) {
        return found;
      }
      sources.remove();
      add(least.rest(), least.number());
      if (!leftOut.test(least.first())) {
        found = least.first();
      }
    }
  }
}
