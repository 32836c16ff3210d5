package io.intrahub.store;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;

/**
 * Takes an answer of upstream as it arrives: the first bytes in memory, all of a longer one in a
 * temporary file. Nothing is kept before {@link #commit}. For one thread at a time; to be closed by
 * it.
 */
public abstract class AnswerWriter extends OutputStream {
  /** For stores. */
  protected AnswerWriter() {}

  @Override
  public abstract void write(byte[] from, int offset, int count) throws IOException;

  @Override
  public void write(int octet) throws IOException {
    write(new byte[] {(byte) octet}, 0, 1);
  }

  /**
   * Keeps what was written, durably, in place of an older answer of this name. A younger one stays.
   * Nothing can be written afterwards.
   *
   * @param learnedAt when upstream gave the answer
   * @return the answer that the store has now
   * @throws IOException when it can't be kept; a small one is then kept until the store is closed
   *     and nothing is thrown
   */
  public abstract StoredAnswer commit(Instant learnedAt) throws IOException;

  /** Removes what was written, unless it was committed. May be called twice; never throws. */
  @Override
  public abstract void close();
}
