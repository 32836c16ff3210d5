package io.intrahub.store.fs;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.fs.RemovalPlan.Part;
import io.intrahub.store.fs.RemovalPlan.Target;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.FsRepoCatalog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what goes with repos and revisions, from the folder alone and under no lock: it takes
 * as long as reading all manifests, and memory only for blobs that are stored. Safe for use by many
 * threads.
 */
final class RemovalPlanner {
  private static final Logger log = LoggerFactory.getLogger(RemovalPlanner.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final FsRepoCatalog catalog;

  RemovalPlanner(Disk disk, StoreLayout layout) {
    this.disk = disk;
    this.layout = layout;
    this.catalog = new FsRepoCatalog(disk, layout);
  }

  /**
   * Finds out what goes.
   *
   * @param blobs gets what the plan says of blobs
   */
  RemovalPlan plan(List<Target> targets, RemovableBlobs blobs) throws IOException {
    List<Target> missing = new ArrayList<>();
    Map<RepoId, Set<Revision>> wanted = new LinkedHashMap<>();
    for (Target target : targets) {
      if (isStored(target)) {
        wanted
            .computeIfAbsent(target.repo(), _ -> new LinkedHashSet<>())
            .addAll(target.revision().stream().toList());
      } else {
        missing.add(target);
      }
    }
    Map<RepoId, Part> parts = new LinkedHashMap<>();
    for (Map.Entry<RepoId, Set<Revision>> one : wanted.entrySet()) {
      boolean whole = targets.contains(new Target(one.getKey(), Optional.empty()));
      parts.put(one.getKey(), whole ? whole(one.getKey()) : part(one.getKey(), one.getValue()));
    }
    for (Part part : parts.values()) {
      collect(part, blobs);
    }
    spareNamed(parts, blobs);
    return blobs.plan(missing, List.copyOf(parts.values()));
  }

  private boolean isStored(Target target) throws IOException {
    RepoId repo = target.repo();
    if (target.revision().isEmpty()) {
      return disk.attributes(layout.repos().resolve(repo.folderName())).isPresent();
    }
    Revision revision = target.revision().get();
    Optional<CommitHash> commit = revision.asCommit();
    return (commit.isPresent() && disk.attributes(layout.commit(repo, commit.get())).isPresent())
        || catalog.revisions(repo).stream().anyMatch(seen -> seen.revision().equals(revision));
  }

  private Part whole(RepoId repo) throws IOException {
    List<Revision> revisions;
    try {
      revisions =
          catalog.revisions(repo).stream().map(ObservedRevision::revision).distinct().toList();
    } catch (IOException e) {
      throwIfStop(e);
      log.warn("{}: not all of its revisions can be read, but they go too: {}", repo, e.toString());
      revisions = List.of();
    }
    return new Part(repo, true, revisions, List.copyOf(commits(repo)), Map.of());
  }

  private Set<CommitHash> commits(RepoId repo) throws IOException {
    return commits(disk, layout, repo);
  }

  /** The commits of which a manifest or an answer is stored. */
  static Set<CommitHash> commits(Disk disk, StoreLayout layout, RepoId repo) throws IOException {
    Set<CommitHash> commits = new LinkedHashSet<>();
    disk.list(layout.commits(repo)).stream()
        .map(folder -> CommitHash.parse(String.valueOf(folder.getFileName())))
        .flatMap(Optional::stream)
        .forEach(commits::add);
    return commits;
  }

  /** Some revisions, and the commits that no other branch or tag is at. */
  private Part part(RepoId repo, Set<Revision> wanted) throws IOException {
    List<ObservedRevision> seen = catalog.revisions(repo);
    Set<CommitHash> candidates = new LinkedHashSet<>();
    wanted.forEach(revision -> revision.asCommit().ifPresent(candidates::add));
    seen.stream()
        .filter(one -> wanted.contains(one.revision()))
        .forEach(one -> candidates.add(one.commit().value()));
    Map<CommitHash, List<Revision>> kept = new HashMap<>();
    for (ObservedRevision one : seen) {
      CommitHash commit = one.commit().value();
      if (!wanted.contains(one.revision())
          && candidates.contains(commit)
          && keeps(one.revision())) {
        List<Revision> by = kept.computeIfAbsent(commit, _ -> new ArrayList<>());
        if (!by.contains(one.revision())) {
          by.add(one.revision());
        }
      }
    }
    Set<CommitHash> commits = new LinkedHashSet<>(candidates);
    commits.removeAll(kept.keySet());
    Set<Revision> revisions = new LinkedHashSet<>(wanted);
    seen.stream()
        .filter(one -> commits.contains(one.commit().value()))
        .forEach(one -> revisions.add(one.revision()));
    return new Part(repo, false, List.copyOf(revisions), List.copyOf(commits), kept);
  }

  /**
   * Whether a commit stays for this revision. Every load asks for the commit itself, and many for
   * the default branch without its name: that must not keep what the operator removes by the name
   * of a branch.
   */
  private static boolean keeps(Revision revision) {
    return revision.asCommit().isEmpty() && !revision.equals(Revision.DEFAULT);
  }

  private void collect(Part part, RemovableBlobs blobs) throws IOException {
    for (CommitHash commit : part.commits()) {
      try {
        blobs.addNamed(part.repo(), catalog.manifest(part.repo(), commit));
      } catch (IOException e) {
        throwIfStop(e);
        log.warn(
            "{} at {}: the list of files can't be read, so blobs that it names may stay until they"
                + " are evicted: {}",
            part.repo(),
            commit,
            e.toString());
      }
    }
    if (part.whole()) {
      blobs.addOwn(part.repo());
    }
  }

  /** Takes out what a commit names that stays. */
  private void spareNamed(Map<RepoId, Part> parts, RemovableBlobs blobs) throws IOException {
    List<RepoId> repos = new ArrayList<>();
    catalog.forEachRepo(repos::add);
    for (RepoId repo : repos) {
      Set<CommitHash> staying = new HashSet<>(commits(repo));
      Optional<Part> part = Optional.ofNullable(parts.get(repo));
      part.ifPresent(p -> staying.removeAll(p.commits()));
      if (part.filter(Part::whole).isPresent()) {
        continue;
      }
      for (CommitHash commit : staying) {
        if (blobs.isEmpty()) {
          return;
        }
        spareNamed(repo, commit, blobs);
      }
    }
  }

  /**
   * Takes out what this commit names, if its manifest is stored, and all that it may name if that
   * can't be read.
   *
   * @throws IOException if the thread was interrupted
   */
  void spareNamed(RepoId repo, CommitHash commit, RemovableBlobs blobs) throws IOException {
    try {
      blobs.spareNamed(repo, catalog.manifest(repo, commit));
    } catch (IOException e) {
      throwIfStop(e);
      log.warn("{} at {}: the list of files can't be read: {}", repo, commit, e.toString());
      blobs.spareAll(repo);
    }
  }

  private static void throwIfStop(IOException e) throws IOException {
    if (FileIo.isStop(e)) {
      throw e;
    }
  }

  /** The digest that a file in a folder of blobs is named by; empty if it has another name. */
  static Optional<Digest> digest(String name) {
    if (StoreLayout.isHex(name, 64)) {
      return Optional.of(new Digest.Sha256(name));
    }
    return StoreLayout.isHex(name, 40) ? Optional.of(new Digest.GitSha1(name)) : Optional.empty();
  }
}
