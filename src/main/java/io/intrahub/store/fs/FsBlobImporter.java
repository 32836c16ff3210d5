package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.BlobImporter;
import io.intrahub.store.ImportedContent;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.VerifiedFile;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.space.DiskBudget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;

/** Imports blobs through one temporary file. For one thread. */
final class FsBlobImporter implements BlobImporter {
  private static final int BUFFER = 1 << 20;
  private static final Result DAMAGED =
      new Result.Rejected("it is damaged: its content does not match its digest");

  private final Disk disk;
  private final StoreLayout layout;
  private final DiskBudget budget;
  private final PublishedBlobs published;

  FsBlobImporter(Disk disk, StoreLayout layout, DiskBudget budget, PublishedBlobs published) {
    this.disk = disk;
    this.layout = layout;
    this.budget = budget;
    this.published = published;
  }

  @Override
  public Result add(RepoId repo, BlobId blob, Path file, boolean link, Runnable goesOn)
      throws IOException {
    return add(repo, blob, new ImportSource.PlainFile(disk, file, link, goesOn), goesOn);
  }

  @Override
  public Result add(RepoId repo, BlobId blob, ImportedContent content, Runnable goesOn)
      throws IOException {
    return add(repo, blob, new ImportSource.Streamed(disk, content, goesOn), goesOn);
  }

  private Result add(RepoId repo, BlobId blob, ImportSource source, Runnable goesOn)
      throws IOException {
    if (isStored(repo, blob)) {
      return new Result.Present();
    }
    try {
      PartialBlob.requirePossible(blob.size());
      budget.requireFits(blob.size());
    } catch (IOException e) {
      return new Result.Rejected("it is too large: " + e.getMessage());
    }
    if (budget.needsEviction(blob.size())) {
      // Nothing may be evicted for a file that is then rejected.
      Optional<Result> rejected = check(source, blob);
      if (rejected.isPresent()) {
        return rejected.get();
      }
    }
    try {
      return bring(repo, blob, source, goesOn);
    } catch (IOException e) {
      Optional<Result> rejected = check(source, blob);
      if (rejected.isPresent()) {
        return rejected.get();
      }
      throw e;
    }
  }

  /** Reads the file, which tells a bad file from a store that can't be written. */
  private static Optional<Result> check(ImportSource source, BlobId blob) {
    try {
      return source.matches(blob) ? Optional.empty() : Optional.of(DAMAGED);
    } catch (IOException e) {
      return Optional.of(new Result.Rejected("it can't be read (" + e + ")"));
    }
  }

  private Result bring(RepoId repo, BlobId blob, ImportSource source, Runnable goesOn)
      throws IOException {
    Path copy = layout.imported();
    deleteIfThere(copy);
    try (DiskBudget.Reservation space = budget.openReservation(blob.size(), 0, () -> {})) {
      space.reserve(blob.size());
      try (Disk.File content = source.bring(copy, blob.size())) {
        space.written(blob.size());
        if (content.size() != blob.size() || !matches(content, blob, goesOn)) {
          return DAMAGED;
        }
        published.put(Optional.of(repo), blob, new Copy(copy, content, space));
        return new Result.Added();
      }
    } finally {
      deleteIfThere(copy);
    }
  }

  private boolean isStored(RepoId repo, BlobId blob) throws IOException {
    boolean shared =
        blob.digest() instanceof Digest.Sha256 sha256
            && isStored(layout.shared(sha256), blob.size());
    return shared || isStored(layout.paths(Optional.of(repo), blob.digest()), blob.size());
  }

  private boolean isStored(StoreLayout.BlobPaths paths, long size) throws IOException {
    return disk.attributes(paths.blob()).filter(a -> a.regular() && a.size() == size).isPresent();
  }

  private static boolean matches(Disk.File content, BlobId blob, Runnable goesOn)
      throws IOException {
    MessageDigest hash = blob.digest().newHash(blob.size());
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    long at = 0;
    while (at < blob.size()) {
      buffer.clear();
      int count = content.read(buffer, at);
      if (count < 0) {
        return false;
      }
      hash.update(buffer.flip());
      at += count;
      goesOn.run();
    }
    return HexFormat.of().formatHex(hash.digest()).equals(blob.digest().hex());
  }

  private void deleteIfThere(Path path) throws IOException {
    if (disk.attributes(path).isPresent()) {
      disk.delete(path);
    }
  }

  /** The temporary file, once it is verified. */
  private record Copy(Path path, Disk.File content, DiskBudget.Reservation space)
      implements VerifiedFile {
    @Override
    public void force() throws IOException {
      content.force();
    }

    @Override
    public void transferSpace(Runnable count) {
      space.transferTo(count);
    }
  }
}
