package io.intrahub.store;

import java.io.IOException;

/**
 * Takes the entries of a commit in any order and in any number, in bounded memory: a chunk is
 * sorted in memory, more than a chunk in temporary files. Nothing is kept before {@link #commit}.
 * For one thread at a time; to be closed by it.
 *
 * <p>Every method but {@link #close} throws when the store can't write, after which only {@code
 * close} may be called.
 */
public interface ManifestWriter extends AutoCloseable {
  /**
   * Adds an entry. Of two with one path the last is kept.
   *
   * @throws IOException also when there is no memory for it, or when it is larger than any entry of
   *     the Hub
   */
  void add(ManifestEntry entry) throws IOException;

  /** What was added so far is not to be taken back by {@link #rewind}. */
  void mark();

  /**
   * Takes back what was added since the last {@link #mark}, or since the beginning: the page it
   * came from broke off and is read again.
   */
  void rewind();

  /**
   * Keeps the entries. A complete manifest replaces what is there. A partial one adds to a partial
   * one and changes nothing of a complete one.
   *
   * @param complete whether these are all entries of the commit, so that a missing path is known to
   *     be missing
   * @throws IOException when they can't be kept; what the store had before is still there
   */
  void commit(boolean complete) throws IOException;

  /** Removes what was added, unless it was committed. May be called twice; never throws. */
  @Override
  void close();
}
