package io.intrahub.store.memory;

import io.intrahub.store.PartialBlobContract;
import io.intrahub.store.Store;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

final class MemoryStoreTest extends PartialBlobContract {
  private @Nullable MemoryStore kept;

  @Override
  protected Store open(Clock clock) {
    if (kept == null) {
      kept = new MemoryStore(clock);
    }
    return kept;
  }

  @Override
  protected void assertNoLeftovers() {}
}
