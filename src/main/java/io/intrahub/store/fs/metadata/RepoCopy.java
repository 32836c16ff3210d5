package io.intrahub.store.fs.metadata;

import static io.intrahub.store.fs.metadata.RecordSubject.spell;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Copies what is known of a repo's revisions and commits to another name of it. Records and
 * manifests tell which repo they are about, so their files can't be linked. What the other name has
 * already is kept where it is as young. Safe for use by many threads.
 */
final class RepoCopy {
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
   * Copies manifests and answers, and then the revisions, which are nothing without them.
   *
   * @throws IOException when a part of it could not be copied
   */
  void copy(RepoId from, RepoId to) throws IOException {
    for (Path folder : disk.list(layout.commits(from))) {
      Optional<CommitHash> commit = CommitHash.parse(String.valueOf(folder.getFileName()));
      if (commit.isPresent()) {
        manifests.copy(from, to, commit.get());
        copyAnswers(from, to, commit.get());
      }
    }
    Set<Path> refs = new HashSet<>(facts.inMemory(layout.refs(from)));
    refs.addAll(disk.list(layout.refs(from)));
    for (Path path : refs) {
      Optional<StoredRecord> record = facts.read(path).filter(r -> isAbout(r, from));
      if (record.isPresent()) {
        StoredRecord known = record.get();
        facts.put(
            layout.refs(to).resolve(path.getFileName()),
            new StoredRecord(subject(known, to), known.learnedAt(), known.value()));
      }
    }
  }

  private void copyAnswers(RepoId from, RepoId to, CommitHash commit) throws IOException {
    for (Path path : disk.list(layout.commit(from, commit))) {
      Optional<StoredRecord> record =
          StoreLayout.isAnswer(path)
              ? answers.read(path).filter(r -> isAbout(r, from))
              : Optional.empty();
      if (record.isPresent()) {
        copyAnswer(path, record.get(), layout.commit(to, commit).resolve(path.getFileName()), to);
      }
    }
  }

  private void copyAnswer(Path path, StoredRecord known, Path target, RepoId to)
      throws IOException {
    StoredRecord copy = new StoredRecord(subject(known, to), known.learnedAt(), known.value());
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
}
