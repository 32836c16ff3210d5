package io.intrahub.store.memory;

import io.intrahub.policy.Observation;
import io.intrahub.store.StoredAnswer;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Instant;
import java.util.Optional;

/** An answer in memory, whatever its length. */
record MemoryAnswer(Observation<byte[]> answer) implements StoredAnswer {
  @Override
  public Instant learnedAt() {
    return answer.learnedAt();
  }

  @Override
  public long length() {
    return answer.value().length;
  }

  @Override
  public Optional<byte[]> small() {
    return Optional.of(answer.value()).filter(bytes -> bytes.length <= SMALL);
  }

  @Override
  public InputStream open() {
    return new ByteArrayInputStream(answer.value());
  }
}
