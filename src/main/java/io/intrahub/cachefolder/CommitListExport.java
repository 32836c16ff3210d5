package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Entry;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.TreeCacheJson;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The export of the list of a commit's files. A snapshot that is whole gets the list that clients
 * keep themselves, from which huggingface_hub learns offline that nothing is missing. Where there
 * are no links, any other snapshot gets a list that only an import reads: without it, nothing would
 * say which digests its files have at the Hub. For one thread.
 */
final class CommitListExport {
  private final CacheLayout layout;
  private final FolderWriter writer;
  private final RepoId repo;
  private final CommitHash commit;

  CommitListExport(CacheLayout layout, FolderWriter writer, RepoId repo, CommitHash commit) {
    this.layout = layout;
    this.writer = writer;
    this.repo = repo;
    this.commit = commit;
  }

  /**
   * Writes the list that the snapshot needs, unless the folder has it.
   *
   * @param files number of files in the manifest
   * @param isWhole whether the snapshot has all files of the commit
   * @param hasLinks whether the snapshot has links to blobs
   */
  void publish(Manifest manifest, long files, boolean isWhole, boolean hasLinks)
      throws IOException {
    Path partial = layout.knownFiles(repo, commit);
    if (isWhole) {
      publish(layout.tree(repo, commit), manifest, files);
      if (Files.exists(partial, NOFOLLOW_LINKS)) {
        writer.delete(partial);
      }
    } else if (!hasLinks) {
      publish(partial, manifest, files);
    }
  }

  private void publish(Path list, Manifest manifest, long files) throws IOException {
    if (isListOf(list, manifest, files)) {
      return;
    }
    Path staged = layout.stagedTree(repo);
    writer.createFolder(layout.staging(repo));
    writer.write(staged, to -> TreeCacheJson.write(to, receiver -> pass(manifest, receiver)));
    writer.force(staged);
    Path folder = CacheExport.parentOf(list);
    writer.createFolder(folder);
    writer.rename(staged, list);
    writer.force(folder);
  }

  private static void pass(Manifest manifest, TreeCacheJson.Receiver to) throws IOException {
    try {
      manifest.list(Optional.empty(), true, entry -> pass(entry, to));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (IOException e) {
      throw new UnlistedException(e);
    }
  }

  private static void pass(ManifestEntry entry, TreeCacheJson.Receiver to) {
    if (entry.entry().kind() == Entry.Kind.DIRECTORY) {
      return;
    }
    try {
      to.take(entry.entry());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether the folder has a list of just these files, from a client or an earlier export. */
  private static boolean isListOf(Path list, Manifest manifest, long files) {
    if (!Files.isRegularFile(list, NOFOLLOW_LINKS)) {
      return false;
    }
    long[] same = new long[1];
    PathHashes.Builder paths = new PathHashes.Builder();
    long[] all = new long[1];
    try (InputStream in = new BufferedInputStream(Files.newInputStream(list))) {
      TreeCacheJson.read(
          in,
          file -> {
            all[0]++;
            if (all[0] > files) {
              throw new IOException("it names more files than there are");
            }
            paths.add(file.path());
            Optional<Entry> known = manifest.find(file.path()).map(ManifestEntry::entry);
            same[0] += known.flatMap(Entry::blob).equals(file.blob()) ? 1 : 0;
          });
    } catch (IOException | MalformedJsonException e) {
      // It is replaced.
      return false;
    }
    // A name that is there twice would hide that another one is missing.
    return paths.build().size() == files && same[0] == files;
  }
}
