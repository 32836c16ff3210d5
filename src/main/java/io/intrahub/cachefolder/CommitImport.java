package io.intrahub.cachefolder;

import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CachedFiles.CachedFile;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.EntryJson;
import io.intrahub.store.BlobImporter;
import io.intrahub.store.ImportGuard;
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
  private final CacheImport.Progress progress;
  private final ImportResultBuilder result;
  private final RepoId repo;
  private final CommitHash commit;
  private final ImportGuard guard;

  private final KnownCommit known;
  private final ParentFolders folders = new ParentFolders();
  private final MemoryBudget.Reservation held;
  private final ManifestWriter writer;
  private long files;

  /** What was ended so far, because something is imported that the store did not have. */
  private Ended ended = Ended.NOTHING;

  /** What the store knew of a repo before an import; each value includes those before it. */
  private enum Ended {
    NOTHING,
    /** Who may read it. */
    RIGHTS,
    /** Which repo it is. */
    IDENTITY
  }

  CommitImport(
      FsStore store,
      MemoryBudget memory,
      boolean link,
      CacheImport.Progress progress,
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
    this.known = new KnownCommit(store, repo, commit);
    this.held = this.memory.reservation("import");
    this.writer = store.repos().newManifest(repo, commit, held);
  }

  void run(CachedFiles folder) throws IOException {
    try (held;
        writer) {
      folder.files(repo, commit, this);
      if (files > 0) {
        if (ended == Ended.IDENTITY) {
          guard.change(repo, Optional.empty(), () -> writer.commit(false));
        }
        result.commit(commit, files);
      }
    }
  }

  @Override
  public void reading() {
    progress.reading();
  }

  @Override
  public void skipped(Path path, String why) {
    progress.reading();
    result.skipped(path, why);
  }

  @Override
  public void file(CachedFile file) throws IOException {
    progress.reading();
    BlobId blob = new BlobId(file.digest(), file.size());
    if (known.isDenied(file.path(), blob)) {
      skipped(
          file.content(), "the Hub's list of this commit names another content for " + file.path());
      return;
    }
    if (!known.isStored(file.path(), blob)) {
      end(known.provenId(file.path(), blob));
    }
    if (!take(file, blob)) {
      return;
    }
    for (FilePath folder : folders.ofNext(file.path())) {
      if (known.find(folder).isEmpty()) {
        add(CachedEntries.folder(folder));
      }
    }
    add(CachedEntries.file(file.path(), blob));
    files++;
  }

  private void add(Entry entry) throws IOException {
    writer.add(new ManifestEntry(entry, EntryJson.write(entry)));
  }

  /** Ends what must be ended before a file is imported that the store does not have. */
  private void end(Optional<String> provenId) throws IOException {
    Ended needed = provenId.isPresent() ? Ended.RIGHTS : Ended.IDENTITY;
    if (ended.compareTo(needed) < 0) {
      guard.change(repo, provenId, () -> ended = needed);
    }
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
        ? importer.add(repo, blob, file.assembled().get(), progress::reading)
        : importer.add(repo, blob, file.content(), link, progress::reading);
  }

  private boolean takeEmpty(CachedFile file, BlobId blob) {
    byte[] hash = blob.digest().newHash(0).digest();
    boolean empty = HexFormat.of().formatHex(hash).equals(blob.digest().hex());
    if (!empty) {
      skipped(file.content(), "it is empty, which does not match its digest");
    }
    return empty;
  }
}
