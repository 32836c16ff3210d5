package io.intrahub.store.fs.metadata;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.ManifestWriter;
import java.io.IOException;

/** Sorts the entries of a commit and writes them to its manifest. Owner: the thread that writes. */
final class FsManifestWriter implements ManifestWriter {
  private final ManifestFiles manifests;
  private final RepoId repo;
  private final CommitHash commit;
  private final EntrySorter entries;

  FsManifestWriter(ManifestFiles manifests, RepoId repo, CommitHash commit, EntrySorter entries) {
    this.manifests = manifests;
    this.repo = repo;
    this.commit = commit;
    this.entries = entries;
  }

  @Override
  public void add(ManifestEntry entry) throws IOException {
    entries.add(ManifestFormat.encode(entry).array());
  }

  @Override
  public void mark() {
    entries.mark();
  }

  @Override
  public void rewind() {
    entries.rewind();
  }

  @Override
  public void commit(boolean complete) throws IOException {
    manifests.keep(repo, commit, entries, complete);
  }

  @Override
  public void close() {
    entries.close();
  }
}
