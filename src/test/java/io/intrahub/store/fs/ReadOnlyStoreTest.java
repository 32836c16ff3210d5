package io.intrahub.store.fs;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.store.fs.space.LastUses;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadOnlyStoreTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");

  @TempDir(factory = MemoryFolder.class)
  Path data;

  @Test
  void last_uses_are_not_held_before_somebody_asks_for_one() throws Exception {
    BlobId blob = TestBlobs.gitSha1(TestBlobs.bytes(1, 100));
    try (FsStore store =
        FsStore.open(data, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
      TestBlobs.publish(store, REPO, blob, TestBlobs.bytes(1, 100));
    }
    ReadOnlyStore early = ReadOnlyStore.open(data);
    assertThat(early.file(REPO, blob)).isPresent();
    Instant later = Instant.now().plusSeconds(1_000).truncatedTo(ChronoUnit.SECONDS);
    LastUses.Builder uses = new LastUses.Builder();
    uses.add(
        ReadOnlyStore.open(data).find(REPO, blob).orElseThrow().key(),
        (int) later.getEpochSecond());
    Files.write(data.resolve("last-uses"), uses.build().encode().array());

    assertThat(early.find(REPO, blob).orElseThrow().lastUse()).isEqualTo(later);
  }
}
