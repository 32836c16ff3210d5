package io.intrahub.transfer.core;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Which bytes of a blob are there. Fetching begins a piece at its first byte and goes on in order,
 * so a piece that is not whole is there up to some byte, and nothing behind that.
 */
final class Pieces {
  private final long size;
  private final int pieceSize;
  private final int count;
  private final BitSet whole;

  /** Bytes of pieces that were begun and are not whole. */
  private final Map<Integer, Integer> begun = new HashMap<>();

  private long missing;

  /**
   * Pieces of a blob.
   *
   * @param size of the blob in bytes, 1 or more
   * @param pieceSize of all pieces but the last
   * @param found pieces that are whole; copied
   */
  Pieces(long size, int pieceSize, BitSet found) {
    this.size = size;
    this.pieceSize = pieceSize;
    this.count = Math.toIntExact((size + pieceSize - 1) / pieceSize);
    this.whole = found.get(0, count);
    this.missing = size;
    whole.stream().forEach(p -> missing -= length(p));
  }

  private int pieceOf(long position) {
    return (int) (position / pieceSize);
  }

  private long start(int piece) {
    return (long) piece * pieceSize;
  }

  private int length(int piece) {
    return (int) Math.min(pieceSize, size - start(piece));
  }

  /** Bytes that are not there. */
  long missing() {
    return missing;
  }

  /** The start of the piece that a byte lies in. */
  long floor(long position) {
    return start(pieceOf(position));
  }

  /** The end of the piece that the byte before an offset lies in: rounds up to whole pieces. */
  long ceiling(long offset) {
    long up = (offset + pieceSize - 1) / pieceSize * pieceSize;
    return Math.min(up, size);
  }

  /** The first byte from a position on that is not there; the size if all are. */
  long availableUpTo(long position) {
    if (position >= size) {
      return size;
    }
    int piece = pieceOf(position);
    if (!whole.get(piece)) {
      return Math.max(position, start(piece) + begun.getOrDefault(piece, 0));
    }
    int next = whole.nextClearBit(piece);
    return next >= count ? size : start(next) + begun.getOrDefault(next, 0);
  }

  /** Where fetching has to begin to get to a missing byte: the first missing one of its piece. */
  long fetchStart(long position) {
    int piece = pieceOf(position);
    return start(piece) + begun.getOrDefault(piece, 0);
  }

  /**
   * Where fetching that begins at a missing byte comes upon something that is there: the start of
   * the next piece of which there is anything; the size if there is none.
   */
  long missingUpTo(long position) {
    int piece = pieceOf(position);
    int next = whole.nextSetBit(piece + 1);
    long end = next < 0 ? size : start(next);
    for (int other : begun.keySet()) {
      if (other > piece) {
        end = Math.min(end, start(other));
      }
    }
    return end;
  }

  /** Bytes were written where the next byte of a piece was missing, perhaps over several pieces. */
  void written(long from, long to) {
    long position = from;
    while (position < to) {
      int piece = pieceOf(position);
      int there = begun.getOrDefault(piece, 0);
      if (whole.get(piece) || start(piece) + there != position) {
        throw new IllegalStateException(
            "byte %d was written, but piece %d goes on at %d".formatted(position, piece, there));
      }
      long end = Math.min(to, start(piece) + length(piece));
      there += (int) (end - position);
      missing -= end - position;
      if (there == length(piece)) {
        begun.remove(piece);
        whole.set(piece);
      } else {
        begun.put(piece, there);
      }
      position = end;
    }
  }

  /** Forgets all from a byte on, which is missing: it will be fetched in one go. */
  void forgetFrom(long position) {
    int piece = pieceOf(position);
    for (int p = whole.nextSetBit(piece + 1); p >= 0; p = whole.nextSetBit(p + 1)) {
      missing += length(p);
    }
    whole.clear(piece, count);
    begun
        .entrySet()
        .removeIf(e -> {
          boolean behind = e.getKey() > piece;
          if (behind) {
            missing += e.getValue();
          }
          return behind;
        });
  }
}
