package io.intrahub.store.fs.metadata;

import static io.intrahub.store.fs.metadata.RecordSubject.subject;

import io.intrahub.hub.RepoId;
import io.intrahub.policy.Observation;
import io.intrahub.store.Tombstone;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tombstones of repos, a record each. Its value is the kind, who could read the repo, and the
 * Hub's words: {@code missing public Repository not found}. Safe for use by many threads.
 */
record TombstoneFiles(Disk disk, StoreLayout layout, RecordFiles files) {
  private static final Logger log = LoggerFactory.getLogger(TombstoneFiles.class);

  private static final String KIND = "tombstone";
  private static final String PUBLIC = "public";
  private static final String CLOSED = "closed";

  Map<RepoId, Observation<Tombstone>> all() {
    Map<RepoId, Observation<Tombstone>> all = new HashMap<>();
    try {
      for (Path path : disk.list(layout.tombstones())) {
        Optional<RepoId> repo = StoreLayout.repoOf(String.valueOf(path.getFileName()));
        repo.flatMap(this::read).ifPresent(tombstone -> all.put(repo.get(), tombstone));
      }
    } catch (IOException e) {
      log.warn("The tombstones of removed repos can't be listed: {}", e.toString());
    }
    return all;
  }

  private Optional<Observation<Tombstone>> read(RepoId repo) {
    return files
        .read(layout.tombstone(repo), subject(KIND, repo))
        .flatMap(record -> parse(record.text()).map(t -> new Observation<>(t, record.learnedAt())));
  }

  private static Optional<Tombstone> parse(String text) {
    String[] parts = text.split(" ", 3);
    return Stream.of(Tombstone.Kind.values())
        .filter(kind -> parts.length == 3 && RecordSubject.name(kind).equals(parts[0]))
        .findFirst()
        .map(kind -> new Tombstone(kind, parts[1].equals(PUBLIC), parts[2]));
  }

  void put(RepoId repo, Observation<Tombstone> tombstone) {
    Tombstone value = tombstone.value();
    String text =
        RecordSubject.name(value.kind())
            + " "
            + (value.wasPublic() ? PUBLIC : CLOSED)
            + " "
            + value.message();
    files.put(
        layout.tombstone(repo),
        new StoredRecord(
            subject(KIND, repo), tombstone.learnedAt(), text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Returns whether it is gone for good. */
  boolean forget(RepoId repo) {
    return files.remove(layout.tombstone(repo));
  }

  /**
   * Closes the tombstone of a repo, if it has one. It is removed first, because a repo without one
   * is closed too, and the new one may not reach the disk.
   *
   * @return whether the next process finds the repo closed too
   */
  boolean close(RepoId repo) {
    Optional<Observation<Tombstone>> known = read(repo);
    boolean removed = forget(repo);
    known.ifPresent(t -> put(repo, new Observation<>(t.value().closed(), t.learnedAt())));
    return removed;
  }
}
