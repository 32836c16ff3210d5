package io.intrahub.store.fs;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.store.RepoStore;
import io.intrahub.store.RepoStoreContract;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import org.junit.jupiter.api.io.TempDir;

/** The metadata that the product uses: files, with the cache in front of them. */
final class FsRepoStoreTest extends RepoStoreContract {
  @TempDir Path folder;
  private FsStore store;

  @Override
  protected RepoStore open(Clock clock) throws Exception {
    Path data = folder.resolve("data");
    store =
        FsStore.open(
            data, clock, DiskBudgetSettings.DEFAULT, new TestDisk(data), new SecureRandom());
    store.scan();
    return store.repos();
  }

  @Override
  protected void close() {
    store.close();
  }

  @Override
  protected void assertNoLeftovers() throws IOException {
    assertThat(FsStoreTest.leftovers(folder.resolve("data"))).isEmpty();
  }
}
