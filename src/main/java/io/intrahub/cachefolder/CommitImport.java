package io.intrahub.cachefolder;

import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CachedFiles.CachedFile;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.EntryJson;
import io.intrahub.store.BlobImporter;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.ManifestWriter;
import io.intrahub.store.fs.FsStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;

/** The import of the files of one commit. For one thread, and one call. */
final class CommitImport implements CachedFiles.Receiver {
  private final FsStore store;
  private final MemoryBudget memory;
  private final boolean link;
  private final CacheExport.Progress progress;
  private final ImportResultBuilder result;
  private final RepoId repo;
  private final CommitHash commit;
  private final ImportGuard guard;

  /** What the store knew of the commit before. */
  private final Optional<Manifest> known;

  /** What the Hub has said of the commit, if it has. */
  private final Optional<Manifest> fromHub;

  private final MemoryBudget.Reservation held;
  private final ManifestWriter writer;
  private long files;

  /** Whether something is imported that the store did not have. */
  private boolean changes;

  CommitImport(
      FsStore store,
      MemoryBudget memory,
      boolean link,
      CacheExport.Progress progress,
      ImportGuard guard,
      ImportResultBuilder result,
      RepoId repo,
      CommitHash commit)
      throws IOException {
    this.store = store;
    this.memory = memory;
    this.link = link;
    this.progress = progress;
    this.guard = guard;
    this.result = result;
    this.repo = repo;
    this.commit = commit;
    this.known = store.readOnly().manifest(repo, commit);
    this.fromHub = known.filter(Manifest::complete);
    this.held = this.memory.reservation("import");
    this.writer = store.repos().newManifest(repo, commit, held);
  }

  void run(CachedFiles folder) throws IOException {
    try (held;
        writer) {
      folder.files(repo, commit, this);
      if (files > 0) {
        if (changes) {
          guard.change(repo, () -> writer.commit(false));
        }
        result.commit(commit, files);
      }
    }
  }

  @Override
  public void skipped(Path path, String why) {
    result.skipped(path, why);
  }

  @Override
  public void file(CachedFile file) throws IOException {
    BlobId blob = new BlobId(file.digest(), file.size());
    if (isDenied(file.path(), blob)) {
      skipped(
          file.content(), "the Hub's list of this commit names another content for " + file.path());
      return;
    }
    if (!changes && !isStored(file.path(), blob)) {
      guard.change(repo, () -> changes = true);
    }
    if (!take(file, blob)) {
      return;
    }
    Entry entry = entry(file.path(), blob);
    writer.add(new ManifestEntry(entry, EntryJson.write(entry)));
    files++;
  }

  private boolean isDenied(FilePath path, BlobId blob) throws IOException {
    return fromHub.isPresent() && !names(fromHub.get(), path, blob);
  }

  /** Whether the import changes nothing about this file. */
  private boolean isStored(FilePath path, BlobId blob) throws IOException {
    return known.isPresent()
        && names(known.get(), path, blob)
        && (blob.size() == 0 || store.readOnly().file(repo, blob).isPresent());
  }

  private static boolean names(Manifest manifest, FilePath path, BlobId blob) throws IOException {
    Optional<BlobId> named = manifest.find(path).flatMap(e -> e.entry().blob());
    return named.equals(Optional.of(blob));
  }

  /** Returns whether the store has the content now. */
  private boolean take(CachedFile file, BlobId blob) throws IOException {
    if (blob.size() == 0) {
      // The store keeps no empty blobs.
      return takeEmpty(file, blob);
    }
    return switch (add(file, blob)) {
      case BlobImporter.Result.Added() -> {
        result.added(blob.size());
        progress.added(repo, file.path(), blob.size());
        yield true;
      }
      case BlobImporter.Result.Present() -> true;
      case BlobImporter.Result.Rejected(String why) -> {
        skipped(file.content(), why);
        yield false;
      }
    };
  }

  private BlobImporter.Result add(CachedFile file, BlobId blob) throws IOException {
    BlobImporter importer = store.importer();
    return file.assembled().isPresent()
        ? importer.add(repo, blob, file.assembled().get())
        : importer.add(repo, blob, file.content(), link);
  }

  private boolean takeEmpty(CachedFile file, BlobId blob) {
    byte[] hash = blob.digest().newHash(0).digest();
    boolean empty = HexFormat.of().formatHex(hash).equals(blob.digest().hex());
    if (!empty) {
      skipped(file.content(), "it is empty, which does not match its digest");
    }
    return empty;
  }

  private static Entry entry(FilePath path, BlobId blob) {
    return switch (blob.digest()) {
      case Digest.GitSha1 sha1 ->
          new Entry(Entry.Kind.FILE, path, sha1.hex(), blob.size(), Optional.empty());
      case Digest.Sha256 sha256 -> {
        byte[] pointer = LfsPointers.text(sha256, blob.size());
        String oid = LfsPointers.gitId(pointer);
        Entry.Lfs lfs = new Entry.Lfs(sha256, blob.size(), pointer.length);
        yield new Entry(Entry.Kind.FILE, path, oid, blob.size(), Optional.of(lfs));
      }
    };
  }
}
