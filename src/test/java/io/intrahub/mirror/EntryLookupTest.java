package io.intrahub.mirror;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.readAll;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.metrics.Meters;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.SeedMetadata;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.TestRepos;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.hub.HubUpstream;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two repos over one store: each leads to the blobs that it names and to no other. */
class EntryLookupTest {
  private static final RepoId NAMES_IT = new RepoId(RepoType.MODEL, "acme/names-it");
  private static final RepoId OTHER = new RepoId(RepoType.MODEL, "acme/other");
  private static final CommitHash COMMIT = new CommitHash("c".repeat(40));
  private static final FilePath PATH = new FilePath("model.bin");
  private static final byte[] CONTENT = bytes(1, 1000);
  private static final BlobId BLOB = sha256(CONTENT);

  private final MemoryStore store = new MemoryStore(Clock.systemUTC());
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final Meters meters = new Meters(new SimpleMeterRegistry());
  private final MemoryBudget budget = TestRepos.budget();
  private HubUpstream upstream;
  private EntryLookup entries;

  @BeforeEach
  void open() throws Exception {
    upstream = TestWiring.upstream(TestWiring.OFFLINE, Clock.systemUTC(), timer);
    entries =
        new EntryLookup(
            new ManifestLoader(
                new KnownCommits(store.repos(), SeedMetadata.NONE),
                new RepoReplacements(store.repos()),
                upstream,
                budget,
                Runnable::run,
                10),
            meters,
            10_000);
    publish(store, NAMES_IT, BLOB, CONTENT);
  }

  @AfterEach
  void close() throws Exception {
    upstream.close();
    timer.shutdownNow();
  }

  private void manifest(RepoId repo, byte[] content) throws IOException {
    manifest(repo, content, true);
  }

  private void manifest(RepoId repo, byte[] content, boolean complete) throws IOException {
    BlobId blob = sha256(content);
    Entry entry =
        new Entry(
            Entry.Kind.FILE,
            PATH,
            gitSha1(content).digest().hex(),
            blob.size(),
            Optional.of(new Entry.Lfs((Digest.Sha256) blob.digest(), blob.size(), 130)));
    TestRepos.putManifest(
        store.repos(), repo, COMMIT, List.of(new ManifestEntry(entry, "{}")), complete);
  }

  private AuthorisedBlob file(RepoId repo) {
    return entries
        .find(everybody(repo), COMMIT, PATH)
        .map(known -> ((EntryLookup.Known.File) known).blob())
        .orElseThrow();
  }

  private static FirstHop hop(RepoId repo) {
    return new FirstHop(repo, COMMIT, BLOB, Optional.empty());
  }

  @Test
  void a_repo_whose_manifest_does_not_name_a_stored_sha256_does_not_open_it() throws Exception {
    manifest(NAMES_IT, CONTENT);
    manifest(OTHER, bytes(2, 1000));

    try (StoredBlob stored = store.open(file(NAMES_IT)).orElseThrow()) {
      assertThat(readAll(stored)).isEqualTo(CONTENT);
    }
    AuthorisedBlob ofOther = file(OTHER);
    assertThat(ofOther.blob()).isNotEqualTo(BLOB);
    assertThat(store.contains(ofOther)).isFalse();
    assertThat(store.open(ofOther)).isEmpty();
    assertThat(entries.find(everybody(OTHER), COMMIT, new FilePath(BLOB.digest().hex())))
        .hasValue(new EntryLookup.Known.Absent());
  }

  @Test
  void a_repo_whose_manifest_names_the_same_sha256_opens_what_another_fetched() throws Exception {
    manifest(OTHER, CONTENT);
    AuthorisedBlob proof = file(OTHER);
    assertThat(proof.repo()).isEqualTo(OTHER);
    try (StoredBlob stored = store.open(proof).orElseThrow()) {
      assertThat(readAll(stored)).isEqualTo(CONTENT);
    }
  }

  @Test
  void upstreams_answer_about_a_file_leads_to_its_blob_through_this_repo_only() {
    AuthorisedBlob proof = entries.learn(everybody(NAMES_IT), COMMIT, PATH, hop(NAMES_IT));
    assertThat(proof.repo()).isEqualTo(NAMES_IT);
    assertThat(proof.blob()).isEqualTo(BLOB);
    assertThat(file(NAMES_IT).blob()).isEqualTo(BLOB);
    assertThat(entries.find(everybody(OTHER), COMMIT, PATH)).isEmpty();
  }

  @Test
  void a_manifest_overrules_an_answer_that_was_tampered_with_on_the_way() throws Exception {
    entries.learn(PATH, hop(OTHER));
    assertThat(file(OTHER).blob()).isEqualTo(BLOB);
    manifest(OTHER, bytes(2, 1000));
    assertThat(store.open(file(OTHER))).isEmpty();
  }

  @Test
  void what_was_imported_about_a_file_is_not_remembered() throws Exception {
    manifest(OTHER, CONTENT, false);
    assertThat(file(OTHER).blob()).isEqualTo(BLOB);

    // As when the Hub is back: the manifest loader no longer shows the partial manifest.
    store.repos().forgetRepo(OTHER);
    assertThat(entries.find(everybody(OTHER), COMMIT, PATH)).isEmpty();
  }

  @Test
  void upstreams_answer_about_a_file_counts_more_than_what_was_imported() throws Exception {
    entries.learn(PATH, hop(OTHER));
    manifest(OTHER, bytes(2, 1000), false);
    assertThat(file(OTHER).blob()).isEqualTo(BLOB);
  }
}
