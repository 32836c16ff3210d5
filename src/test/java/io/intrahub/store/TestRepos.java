package io.intrahub.store;

import io.intrahub.access.Authorised;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Observation;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Short ways to write and read what a {@link RepoStore} takes and gives as streams. */
public final class TestRepos {
  private TestRepos() {}

  /** A budget that is never used up. */
  public static MemoryBudget budget() {
    return new MemoryBudget(64 << 20, Duration.ZERO);
  }

  /** Writes a manifest of these entries. */
  public static void putManifest(
      RepoStore repos,
      RepoId repo,
      CommitHash commit,
      List<ManifestEntry> entries,
      boolean complete)
      throws IOException {
    try (MemoryBudget.Reservation memory = budget().reservation("test");
        ManifestWriter writer = repos.newManifest(repo, commit, memory)) {
      for (ManifestEntry entry : entries) {
        writer.add(entry);
      }
      writer.commit(complete);
    }
  }

  /** Reads a whole answer. */
  public static Optional<Observation<byte[]>> answer(
      RepoStore repos, Authorised<RepoId> repo, CommitHash commit, String name) throws IOException {
    Optional<StoredAnswer> answer = repos.answer(repo, commit, name);
    if (answer.isEmpty()) {
      return Optional.empty();
    }
    try (InputStream in = answer.get().open()) {
      return Optional.of(new Observation<>(in.readAllBytes(), answer.get().learnedAt()));
    }
  }
}
