package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Manifest;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.FsRepoCatalog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out which files have a blob as their content, for the operator. It reads the folder alone
 * and takes no lock. Safe for use by many threads.
 */
public final class BlobReferences {
  private static final Logger log = LoggerFactory.getLogger(BlobReferences.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final FsRepoCatalog catalog;

  BlobReferences(Disk disk, StoreLayout layout) {
    this.disk = disk;
    this.layout = layout;
    this.catalog = new FsRepoCatalog(disk, layout);
  }

  /** A file of a commit. */
  public record Reference(RepoId repo, CommitHash commit, FilePath path, BlobId blob) {}

  /**
   * Finds files with these blobs. Takes as long as reading all manifests.
   *
   * @param atMost number of files of each blob, one for each repo
   * @return for each blob that a manifest names at least one file
   * @throws IOException if the repos can't be listed, or the thread was interrupted; a manifest
   *     that can't be read is logged
   */
  public Map<BlobKey, List<Reference>> find(Set<BlobKey> blobs, int atMost) throws IOException {
    Map<BlobKey, List<Reference>> found = new HashMap<>();
    if (blobs.isEmpty()) {
      return found;
    }
    List<RepoId> repos = new ArrayList<>();
    catalog.forEachRepo(repos::add);
    for (RepoId repo : repos) {
      for (CommitHash commit : RemovalPlanner.commits(disk, layout, repo)) {
        try {
          find(repo, commit, catalog.manifest(repo, commit), blobs, atMost, found);
        } catch (IOException e) {
          if (FileIo.isStop(e)) {
            throw e;
          }
          log.warn("{} at {}: the list of files can't be read: {}", repo, commit, e.toString());
        }
      }
    }
    return found;
  }

  private static void find(
      RepoId repo,
      CommitHash commit,
      Optional<Manifest> manifest,
      Set<BlobKey> blobs,
      int atMost,
      Map<BlobKey, List<Reference>> found)
      throws IOException {
    if (manifest.isEmpty()) {
      return;
    }
    manifest
        .get()
        .list(
            Optional.empty(),
            true,
            listed -> {
              Optional<BlobId> blob = listed.entry().blob();
              blob.ifPresent(named -> {
                Reference file = new Reference(repo, commit, listed.entry().path(), named);
                add(BlobKey.of(repo.folderName(), named.digest()), file, blobs, atMost, found);
                if (named.digest() instanceof Digest.Sha256) {
                  add(BlobKey.of("", named.digest()), file, blobs, atMost, found);
                }
              });
            });
  }

  private static void add(
      BlobKey key,
      Reference file,
      Set<BlobKey> blobs,
      int atMost,
      Map<BlobKey, List<Reference>> found) {
    if (blobs.contains(key)) {
      List<Reference> files = found.computeIfAbsent(key, _ -> new ArrayList<>());
      boolean isKnown = files.stream().anyMatch(known -> known.repo().equals(file.repo()));
      if (files.size() < atMost && !isKnown) {
        files.add(file);
      }
    }
  }
}
