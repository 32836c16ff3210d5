package io.intrahub.store.fs.metadata;

import static io.intrahub.store.fs.metadata.RecordSubject.name;
import static io.intrahub.store.fs.metadata.RecordSubject.parseRepo;

import io.intrahub.access.ReadScope;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.CommitRole;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.DurableFolders;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes the metadata of repos. Safe for use by many threads. */
final class MetadataRemoval {
  private static final Logger log = LoggerFactory.getLogger(MetadataRemoval.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final RecordFiles facts;
  private final RecordFiles answers;
  private final ManifestFiles manifests;
  private final TombstoneFiles tombstones;

  MetadataRemoval(
      Disk disk,
      StoreLayout layout,
      RecordFiles facts,
      RecordFiles answers,
      ManifestFiles manifests,
      TombstoneFiles tombstones) {
    this.disk = disk;
    this.layout = layout;
    this.facts = facts;
    this.answers = answers;
    this.manifests = manifests;
    this.tombstones = tombstones;
  }

  /** Forgets all that is known of a repo whose name is that of another one now. */
  void forgetRepo(RepoId repo) {
    boolean _ = facts.removeAll(layout.refs(repo));
    try {
      boolean _ = forgetGrants(repo);
      removeAllCommits(repo);
    } catch (IOException e) {
      log.error(
          "{} is another repo now, and not all that was known of the earlier one could be removed:"
              + " {}. Stop the mirror and delete {}.",
          repo,
          e.toString(),
          layout.commits(repo));
    }
    facts.remove(layout.internalId(repo));
  }

  /** Removes all that is known of a repo, its grants first. */
  void removeRepo(RepoId repo) throws IOException {
    boolean removed = forgetGrants(repo);
    removed &= tombstones.forget(repo);
    if (!removed) {
      throw new IOException(
          "what the store knows of who may read %s could not be removed".formatted(repo));
    }
    removed = facts.removeAll(layout.refs(repo));
    removed &= facts.remove(layout.alias(repo));
    removed &= removeOtherNames(repo);
    removeAllCommits(repo);
    // A power cut must not bring a list of files back for another repo of this name.
    forceIfThere(layout.commits(repo));
    // The last one: while it is there, nothing of this repo is written by who knows another id.
    removed &= facts.remove(layout.internalId(repo));
    if (!removed) {
      throw new IOException("not all that is known of %s could be removed".formatted(repo));
    }
  }

  private boolean removeOtherNames(RepoId repo) throws IOException {
    boolean removed = true;
    for (Path alias : disk.list(layout.aliases())) {
      Optional<StoredRecord> known = facts.read(alias);
      if (known.flatMap(record -> parseRepo(record.text())).equals(Optional.of(repo))) {
        removed &= facts.remove(alias);
      } else if (known.isEmpty()) {
        // One that can't be read may be another name of this repo.
        removed &= disk.attributes(alias).isEmpty();
      }
    }
    return removed;
  }

  /** Removes revisions, and then commits. */
  void removeCommits(RepoId repo, Collection<Revision> revisions, Collection<CommitHash> commits)
      throws IOException {
    boolean removed = true;
    for (Revision revision : revisions) {
      removed &= facts.remove(layout.ref(repo, revision));
      for (CommitRole role : CommitRole.values()) {
        removed &= facts.remove(layout.ref(repo, revision, name(role)));
      }
    }
    if (!removed) {
      throw new IOException("not all of these revisions of %s could be removed".formatted(repo));
    }
    for (CommitHash commit : commits) {
      removeCommit(repo, commit);
    }
  }

  private void removeAllCommits(RepoId repo) throws IOException {
    for (Path folder : disk.list(layout.commits(repo))) {
      Optional<CommitHash> commit = CommitHash.parse(String.valueOf(folder.getFileName()));
      if (commit.isPresent()) {
        removeCommit(repo, commit.get());
      }
    }
  }

  private void removeCommit(RepoId repo, CommitHash commit) throws IOException {
    evictAnswers(repo, commit);
    evictManifest(repo, commit);
  }

  private void forceIfThere(Path folder) throws IOException {
    if (disk.attributes(folder).isPresent()) {
      disk.forceFolder(folder);
    }
  }

  /** Ends all grants of a repo and closes its tombstone. */
  void revokeAll(RepoId repo) throws IOException {
    boolean forgotten = forgetGrants(repo);
    if (!tombstones.close(repo) || !forgotten) {
      throw new IOException(
          "what the store knows of who may read %s could not be removed".formatted(repo));
    }
  }

  /** Returns whether none of them is left on the disk. */
  private boolean forgetGrants(RepoId repo) throws IOException {
    boolean forgotten = facts.remove(layout.publicContent(repo));
    forgotten &= facts.remove(layout.publicMetadata(repo));
    Set<Path> holders = new HashSet<>(disk.list(layout.grants()));
    // A grant that could not be written may have no folder.
    facts.inMemory(layout.grants()).forEach(path -> holders.add(DurableFolders.parentOf(path)));
    for (Path folder : holders) {
      for (ReadScope scope : ReadScope.values()) {
        forgotten &=
            facts.remove(layout.grant(String.valueOf(folder.getFileName()), name(scope), repo));
      }
    }
    return forgotten;
  }

  /**
   * Removes the manifest of a commit.
   *
   * @return the bytes that are free now
   */
  long evictManifest(RepoId repo, CommitHash commit) throws IOException {
    long freed = manifests.evict(repo, commit);
    removeIfEmpty(layout.commit(repo, commit));
    return freed;
  }

  /**
   * Removes all answers about a commit.
   *
   * @return the bytes that are free now
   */
  long evictAnswers(RepoId repo, CommitHash commit) throws IOException {
    long freed = 0;
    for (Path path : disk.list(layout.commit(repo, commit))) {
      if (StoreLayout.isAnswer(path)) {
        freed += answers.evict(path);
      }
    }
    removeIfEmpty(layout.commit(repo, commit));
    return freed;
  }

  private void removeIfEmpty(Path folder) {
    try {
      if (disk.attributes(folder).isPresent() && disk.list(folder).isEmpty()) {
        disk.delete(folder);
      }
    } catch (IOException e) {
      // Something was put into it just now.
      log.debug("{} stays", folder, e);
    }
  }
}
