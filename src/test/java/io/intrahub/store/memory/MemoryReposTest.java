package io.intrahub.store.memory;

import io.intrahub.store.RepoStore;
import io.intrahub.store.RepoStoreContract;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

final class MemoryReposTest extends RepoStoreContract {
  private @Nullable MemoryRepos kept;

  @Override
  protected RepoStore open(Clock clock) {
    if (kept == null) {
      kept = new MemoryRepos(clock);
    }
    return kept;
  }

  @Override
  protected void close() {}

  @Override
  protected void assertNoLeftovers() {}
}
