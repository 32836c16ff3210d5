package io.intrahub.store.fs;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.PartialKey;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;

/**
 * What goes with repos and revisions that the operator removes, and what stays. Immutable.
 *
 * @param missing targets of which nothing is stored
 * @param parts the others, one for each repo
 * @param blobs published blobs that nothing else names, with their sizes in bytes
 * @param pieces of unfinished blobs that nothing else names
 * @param shared what stays because other commits name it
 */
public record RemovalPlan(
    List<Target> missing,
    List<Part> parts,
    Map<BlobKey, Long> blobs,
    Set<PartialKey> pieces,
    Shared shared) {
  public RemovalPlan {
    missing = List.copyOf(missing);
    parts = List.copyOf(parts);
    blobs = Map.copyOf(blobs);
    pieces = Set.copyOf(pieces);
  }

  /**
   * What is to be removed.
   *
   * @param revision empty: the whole repo
   */
  public record Target(RepoId repo, Optional<Revision> revision) {
    @Override
    public String toString() {
      return repo.type().pathPrefix() + repo.id() + revision.map(r -> "@" + r).orElse("");
    }
  }

  /**
   * What goes of one repo.
   *
   * @param whole whether all of it goes, with the knowledge of who may read it
   * @param revisions that go
   * @param commits whose lists of files and answers go
   * @param kept commits that stay because these other revisions are at them
   */
  public record Part(
      RepoId repo,
      boolean whole,
      List<Revision> revisions,
      List<CommitHash> commits,
      Map<CommitHash, List<Revision>> kept) {
    public Part {
      revisions = List.copyOf(revisions);
      commits = List.copyOf(commits);
      kept = Map.copyOf(kept);
    }
  }

  /**
   * Published blobs that stay.
   *
   * @param files number of blobs
   * @param bytes of them
   * @param repos whose commits name them
   * @param unread repos with a list of files that can't be read, so that all blobs stay which it
   *     may name
   */
  public record Shared(long files, long bytes, SortedSet<String> repos, SortedSet<String> unread) {}

  /** Bytes of the published blobs that go. */
  public long bytes() {
    return blobs.values().stream().mapToLong(Long::longValue).sum();
  }
}
