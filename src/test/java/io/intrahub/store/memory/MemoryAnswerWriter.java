package io.intrahub.store.memory;

import io.intrahub.policy.Observation;
import io.intrahub.store.AnswerWriter;
import io.intrahub.store.StoredAnswer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.function.Function;

/** Collects an answer in memory. Owner: the thread that writes. */
final class MemoryAnswerWriter extends AnswerWriter {
  private final Function<Observation<byte[]>, StoredAnswer> keep;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private boolean ended;

  /**
   * A writer of one answer.
   *
   * @param keep takes the whole answer, and gives the one that is kept then
   */
  MemoryAnswerWriter(Function<Observation<byte[]>, StoredAnswer> keep) {
    this.keep = keep;
  }

  @Override
  public void write(byte[] from, int offset, int count) throws IOException {
    checkOpen();
    bytes.write(from, offset, count);
  }

  @Override
  public StoredAnswer commit(Instant learnedAt) throws IOException {
    checkOpen();
    ended = true;
    return keep.apply(new Observation<>(bytes.toByteArray(), learnedAt));
  }

  private void checkOpen() throws IOException {
    if (ended) {
      throw new IOException("the answer was committed or given up");
    }
  }

  @Override
  public void close() {
    ended = true;
  }
}
