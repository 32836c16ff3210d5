package io.intrahub.store.fs.metadata;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.Manifest;
import io.intrahub.store.RepoCatalog;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Reads refs and manifests from the disk, past every cache and under no lock: they are replaced in
 * one step, and a walk over all of them must not push out what clients ask for.
 */
public final class FsRepoCatalog implements RepoCatalog {
  private static final int MAX_REF = 1 << 20;

  private final Disk disk;
  private final StoreLayout layout;

  public FsRepoCatalog(Disk disk, StoreLayout layout) {
    this.disk = disk;
    this.layout = layout;
  }

  @Override
  public void forEachRepo(Consumer<RepoId> visitor) throws IOException {
    for (Path folder : disk.list(layout.repos())) {
      StoreLayout.repoOf(String.valueOf(folder.getFileName())).ifPresent(visitor);
    }
  }

  @Override
  public List<ObservedRevision> revisions(RepoId repo) throws IOException {
    List<ObservedRevision> observed = new ArrayList<>();
    for (Path ref : disk.list(layout.refs(repo))) {
      Optional<StoredRecord> record = read(ref);
      Optional<Revision> revision =
          record.flatMap(r -> Revision.parse(r.subject().getOrDefault("revision", "")));
      Optional<CommitHash> commit = record.flatMap(r -> CommitHash.parse(r.text()));
      if (record.isPresent() && revision.isPresent() && commit.isPresent()) {
        observed.add(
            new ObservedRevision(
                revision.get(),
                new Observation<>(commit.get(), record.get().learnedAt()),
                RecordSubject.role(record.get().subject())));
      }
    }
    return observed;
  }

  /** Empty when it was removed meanwhile. */
  private Optional<StoredRecord> read(Path ref) throws IOException {
    if (disk.attributes(ref).filter(attributes -> attributes.size() > MAX_REF).isPresent()) {
      throw new DamagedException(ref + " is too large for a ref");
    }
    Optional<StoredRecord> record;
    try (Disk.File file = disk.open(ref)) {
      int size = (int) Math.min(file.size(), MAX_REF);
      record = StoredRecord.decode(FileIo.readFully(file, 0, size).array());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    if (record.isEmpty()) {
      throw new DamagedException(ref + " is damaged");
    }
    return record;
  }

  @Override
  public Optional<Manifest> manifest(RepoId repo, CommitHash commit) throws IOException {
    Path path = layout.manifest(repo, commit);
    return disk.attributes(path).filter(Disk.Attributes::regular).isPresent()
        ? Optional.of(FsManifest.open(disk, path, damaged -> {}))
        : Optional.empty();
  }
}
