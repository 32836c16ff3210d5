package io.intrahub.store.fs.blobs;

import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.RepoCatalog;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.TestDisk;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.MetadataIndex;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blobs in a folder whose metadata is somewhere else. */
final class CurrentBlobMarkerTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final CommitHash FIRST = new CommitHash("1".repeat(40));
  private static final CommitHash SECOND = new CommitHash("2".repeat(40));
  private static final BlobId OLD = sha256(bytes(1, 10));
  private static final BlobId NEW = sha256(bytes(2, 20));
  private static final BlobId CODE = gitSha1(bytes(3, 30));

  @TempDir Path folder;
  private final SettableClock clock = new SettableClock();
  private final MemoryStore elsewhere = new MemoryStore(clock);
  private final BlobIndex index = new BlobIndex();

  private static BlobKey key(BlobId blob) {
    return BlobKey.of(
        blob.digest() instanceof Digest.Sha256 ? "" : REPO.folderName(), blob.digest());
  }

  @BeforeEach
  void fill() throws IOException {
    for (BlobId blob : List.of(OLD, NEW, CODE)) {
      index.put(key(blob), blob.size(), BlobIndex.Trust.VERIFIED, clock.instant());
    }
    manifest(FIRST, OLD, CODE);
    manifest(SECOND, NEW);
    observe(new Revision("main"), FIRST);
    observe(new Revision(FIRST.hex()), FIRST);
  }

  private void manifest(CommitHash commit, BlobId... blobs) throws IOException {
    List<ManifestEntry> entries =
        List.of(blobs).stream()
            .map(blob -> {
              boolean lfs = blob.digest() instanceof Digest.Sha256;
              return new ManifestEntry(
                  new Entry(
                      Entry.Kind.FILE,
                      new FilePath(blob.digest().hex()),
                      lfs ? "a".repeat(40) : blob.digest().hex(),
                      blob.size(),
                      lfs
                          ? Optional.of(
                              new Entry.Lfs((Digest.Sha256) blob.digest(), blob.size(), 130))
                          : Optional.empty()),
                  "{}");
            })
            .toList();
    TestRepos.putManifest(elsewhere.repos(), REPO, commit, entries, true);
  }

  private void observe(Revision revision, CommitHash commit) {
    elsewhere.repos().putRevision(REPO, revision, new Observation<>(commit, clock.instant()));
  }

  private CurrentBlobMarker over(RepoCatalog catalog) {
    StoreLayout layout = new StoreLayout(folder);
    return new CurrentBlobMarker(
        catalog, index, new MetadataIndex(new TestDisk(folder), layout, clock), () -> false);
  }

  private Set<BlobKey> marked() {
    Set<BlobKey> marked = new HashSet<>();
    index.forEach((key, size, lastUse, mark) -> {
      if (mark) {
        marked.add(key);
      }
    });
    return marked;
  }

  @Test
  void blobs_are_judged_by_the_metadata_store_that_is_used() {
    CurrentBlobMarker current = over(elsewhere.catalog());
    Predicate<BlobKey> unsure = current.mark(clock.instant());
    assertThat(marked()).containsExactlyInAnyOrder(key(OLD), key(CODE));
    assertThat(List.of(key(OLD), key(NEW), key(CODE))).noneMatch(unsure);

    clock.pass(Duration.ofMinutes(2));
    observe(new Revision("main"), SECOND);
    current.mark(clock.instant());

    // The first commit was also asked for by its hash, which makes nothing current.
    assertThat(marked()).containsExactly(key(NEW));
  }

  @Test
  void what_the_metadata_store_can_not_tell_counts_as_current() {
    Predicate<BlobKey> unsure = over(new Broken()).mark(clock.instant());

    assertThat(marked()).isEmpty();
    assertThat(List.of(key(OLD), key(NEW), key(CODE))).allMatch(unsure);
    BlobKey foreign = BlobKey.of("models--acme--other", CODE.digest());
    assertThat(unsure.test(foreign)).isFalse();
  }

  /** Knows of the repo and fails to say more. */
  private static final class Broken implements RepoCatalog {
    @Override
    public void forEachRepo(Consumer<RepoId> visitor) {
      visitor.accept(REPO);
    }

    @Override
    public List<ObservedRevision> revisions(RepoId repo) throws IOException {
      throw new IOException("no answer");
    }

    @Override
    public Optional<Manifest> manifest(RepoId repo, CommitHash commit) throws IOException {
      throw new IOException("no answer");
    }
  }
}
