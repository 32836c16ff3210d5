package io.intrahub.store.fs.metadata;

import static io.intrahub.store.fs.metadata.RecordSubject.spell;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies what is known of a repo's revisions and commits to another name of it. Records and
 * manifests tell which repo they are about, so their files can't be linked. What the other name has
 * already is kept where it is as young. Safe for use by many threads.
 */
final class RepoCopy {
  private static final Logger log = LoggerFactory.getLogger(RepoCopy.class);

  private static final int BUFFER = 64 * 1024;

  private final Disk disk;
  private final StoreLayout layout;
  private final AtomicReplacer replacer;
  private final RecordFiles facts;
  private final RecordFiles answers;
  private final ManifestFiles manifests;

  RepoCopy(
      Disk disk,
      StoreLayout layout,
      AtomicReplacer replacer,
      RecordFiles facts,
      RecordFiles answers,
      ManifestFiles manifests) {
    this.disk = disk;
    this.layout = layout;
    this.replacer = replacer;
    this.facts = facts;
    this.answers = answers;
    this.manifests = manifests;
  }

  /**
   * Copies manifests and answers, and then the revisions. What can't be copied keeps nothing else
   * back: without the revisions, nothing at all could be read under the other name.
   *
   * @throws IOException when a part of it could not be copied; one that is damaged is left out
   */
  void copy(RepoId from, RepoId to) throws IOException {
    Failures failures = new Failures();
    failures.in(() -> copyCommits(from, to, failures));
    copyRevisions(from, to);
    failures.rethrow();
  }

  private void copyCommits(RepoId from, RepoId to, Failures failures) throws IOException {
    for (Path folder : disk.list(layout.commits(from))) {
      Optional<CommitHash> commit = CommitHash.parse(String.valueOf(folder.getFileName()));
      if (commit.isPresent()) {
        failures.in(() -> manifests.copy(from, to, commit.get()));
        failures.in(() -> copyAnswers(from, to, commit.get(), failures));
      }
    }
  }

  private void copyAnswers(RepoId from, RepoId to, CommitHash commit, Failures failures)
      throws IOException {
    for (Path path : disk.list(layout.commit(from, commit))) {
      Optional<StoredRecord> record =
          StoreLayout.isAnswer(path)
              ? answers.read(path).filter(r -> isAbout(r, from))
              : Optional.empty();
      if (record.isPresent()) {
        Path target = layout.commit(to, commit).resolve(path.getFileName());
        failures.in(() -> copyAnswer(path, record.get(), target, to));
      }
    }
  }

  /**
   * Copies the commits that clients see, and then those that have another role for the same
   * revision: these say nothing about a younger commit that the other name has.
   */
  private void copyRevisions(RepoId from, RepoId to) throws IOException {
    Set<Path> refs = new HashSet<>(facts.inMemory(layout.refs(from)));
    refs.addAll(disk.list(layout.refs(from)));
    Map<Path, StoredRecord> visible = new HashMap<>();
    Map<Path, StoredRecord> others = new HashMap<>();
    for (Path path : refs) {
      facts
          .read(path)
          .filter(r -> isAbout(r, from))
          .ifPresent(known -> {
            boolean isVisible = RecordSubject.role(known.subject()).isEmpty();
            (isVisible ? visible : others)
                .put(layout.refs(to).resolve(path.getFileName()), copy(known, to));
          });
    }
    Set<String> taken = new HashSet<>();
    visible.forEach((target, copy) -> {
      if (facts.put(target, copy) == copy) {
        taken.add(revision(copy));
      }
    });
    others.forEach((target, copy) -> {
      if (taken.contains(revision(copy))) {
        facts.put(target, copy);
      }
    });
  }

  private static String revision(StoredRecord record) {
    return record.subject().getOrDefault("revision", "");
  }

  private static StoredRecord copy(StoredRecord known, RepoId to) {
    return new StoredRecord(subject(known, to), known.learnedAt(), known.value());
  }

  private void copyAnswer(Path path, StoredRecord known, Path target, RepoId to)
      throws IOException {
    StoredRecord copy = copy(known, to);
    if (known.large().isEmpty()) {
      answers.put(target, copy);
      return;
    }
    LargeValue value = known.large().get();
    try (InputStream in = new FsAnswer(disk, answers, path, known).open();
        AtomicReplacer.Temporary file = replacer.create()) {
      FileIo.writeFully(file.file(), LargeValue.title());
      byte[] buffer = new byte[BUFFER];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        FileIo.writeFully(file.file(), ByteBuffer.wrap(buffer, 0, read));
      }
      answers.putLarge(target, copy, file, value.length(), value.crc());
    } catch (DamagedException | NoSuchFileException e) {
      log.warn("{} can't be read and is not copied: {}", path, e.toString());
    }
  }

  private static boolean isAbout(StoredRecord record, RepoId repo) {
    return spell(repo).equals(record.subject().get("repo"));
  }

  private static Map<String, String> subject(StoredRecord known, RepoId to) {
    Map<String, String> subject = new HashMap<>(known.subject());
    subject.put("repo", spell(to));
    return subject;
  }

  /** Keeps the first failure until the rest has been done. For one thread. */
  private static final class Failures {
    private Optional<IOException> first = Optional.empty();

    interface Work {
      void run() throws IOException;
    }

    void in(Work work) {
      try {
        work.run();
      } catch (IOException e) {
        first = first.or(() -> Optional.of(e));
      }
    }

    void rethrow() throws IOException {
      if (first.isPresent()) {
        throw first.get();
      }
    }
  }
}
