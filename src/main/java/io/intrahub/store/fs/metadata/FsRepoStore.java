package io.intrahub.store.fs.metadata;

import static io.intrahub.store.fs.metadata.RecordSubject.name;
import static io.intrahub.store.fs.metadata.RecordSubject.parseRepo;
import static io.intrahub.store.fs.metadata.RecordSubject.spell;
import static io.intrahub.store.fs.metadata.RecordSubject.subject;

import io.intrahub.access.Authorised;
import io.intrahub.access.Authority;
import io.intrahub.access.Grant;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.AnswerWriter;
import io.intrahub.store.CommitRole;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestWriter;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import io.intrahub.store.Tombstone;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is known of repos, as small records and one manifest file for each commit. */
public final class FsRepoStore implements RepoStore {
  private static final Logger log = LoggerFactory.getLogger(FsRepoStore.class);
  private static final byte[] NOTHING = {};

  /** An eighth of the memory is for facts that could not be written. */
  private static final int UNWRITTEN_SHARE = 8;

  private final Disk disk;
  private final StoreLayout layout;
  private final AtomicReplacer replacer;
  private final MetadataIndex metadata;

  /** Grants, aliases and revisions. {@code CachedRepoStore} keeps them in memory. */
  private final RecordFiles facts;

  /** Answers. No other cache has their bytes. */
  private final RecordFiles answers;

  private final ManifestPlacements placements = new ManifestPlacements();
  private final ManifestFiles manifests;
  private final TombstoneFiles tombstones;
  private final MetadataRemoval removal;
  private final RepoCopy copy;
  private final OwnBlobs blobs;

  /** The blobs that a repo has to itself. */
  public interface OwnBlobs {
    /**
     * Has another name of the repo have them too.
     *
     * @throws IOException when it does not have all of them for good
     */
    void copy(RepoId from, RepoId to) throws IOException;
  }

  /**
   * Keeps metadata in a folder.
   *
   * @param blobs copied with the metadata of a repo
   */
  public FsRepoStore(
      Disk disk,
      StoreLayout layout,
      AtomicReplacer replacer,
      MetadataIndex metadata,
      Clock clock,
      CacheSizes caches,
      OwnBlobs blobs) {
    this.disk = disk;
    this.layout = layout;
    this.replacer = replacer;
    this.metadata = metadata;
    long unwritten = caches.records() / UNWRITTEN_SHARE;
    this.facts = new RecordFiles(disk, replacer, metadata, clock, false, unwritten);
    this.answers =
        new RecordFiles(disk, replacer, metadata, clock, true, caches.records() - unwritten);
    this.tombstones = new TombstoneFiles(disk, layout, facts);
    this.manifests =
        new ManifestFiles(disk, layout, replacer, metadata, placements, caches.manifests());
    this.removal = new MetadataRemoval(disk, layout, facts, answers, manifests, tombstones);
    this.copy = new RepoCopy(disk, layout, replacer, facts, answers, manifests);
    this.blobs = blobs;
  }

  /** What a removal of blobs watches. */
  public ManifestPlacements placements() {
    return placements;
  }

  private Path path(RepoId repo, Revision revision, CommitRole role) {
    return layout.ref(repo, revision, name(role));
  }

  private Path path(Grant grant) {
    return switch (grant.authority()) {
      case Authority.Anonymous _ ->
          switch (grant.scope()) {
            case CONTENT -> layout.publicContent(grant.repo());
            case METADATA -> layout.publicMetadata(grant.repo());
          };
      case Authority.TokenHolder holder ->
          layout.grant(holder.fingerprint(), name(grant.scope()), grant.repo());
    };
  }

  @Override
  public Optional<Instant> confirmedAt(Grant grant) {
    return facts.read(path(grant), subject(grant)).map(StoredRecord::learnedAt);
  }

  @Override
  public void remember(Grant grant, Instant confirmedAt) {
    facts.put(path(grant), new StoredRecord(subject(grant), confirmedAt, NOTHING));
  }

  @Override
  public void forget(Grant grant) {
    facts.remove(path(grant));
  }

  @Override
  public void forgetAll(Authority.TokenHolder holder) {
    facts.removeAll(layout.grants(holder.fingerprint()));
  }

  @Override
  public Optional<String> internalId(RepoId repo) {
    return facts.read(layout.internalId(repo), subject("id", repo)).map(StoredRecord::text);
  }

  @Override
  public void putInternalId(RepoId repo, Observation<String> id) {
    facts.put(layout.internalId(repo), record(repo, id));
  }

  @Override
  public void markImported(RepoId repo, Instant at) throws IOException {
    facts.replace(layout.internalId(repo), record(repo, new Observation<>(IMPORTED, at)));
  }

  private static StoredRecord record(RepoId repo, Observation<String> id) {
    return new StoredRecord(
        subject("id", repo), id.learnedAt(), id.value().getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public void copyRepo(RepoId from, RepoId to) throws IOException {
    try {
      blobs.copy(from, to);
    } finally {
      copy.copy(from, to);
    }
  }

  @Override
  public void forgetRepo(RepoId repo) {
    removal.forgetRepo(repo);
  }

  @Override
  public void removeRepo(RepoId repo) throws IOException {
    removal.removeRepo(repo);
  }

  @Override
  public void removeCommits(
      RepoId repo, Collection<Revision> revisions, Collection<CommitHash> commits)
      throws IOException {
    removal.removeCommits(repo, revisions, commits);
  }

  @Override
  public void revokeAll(RepoId repo) throws IOException {
    removal.revokeAll(repo);
  }

  @Override
  public Optional<Observation<CommitHash>> revision(Authorised<RepoId> repo, Revision revision) {
    return facts
        .read(layout.ref(repo.subject(), revision), subject(repo.subject(), revision))
        .flatMap(FsRepoStore::commitOf);
  }

  private static Optional<Observation<CommitHash>> commitOf(StoredRecord record) {
    return CommitHash.parse(record.text()).map(c -> new Observation<>(c, record.learnedAt()));
  }

  @Override
  public void putRevision(RepoId repo, Revision revision, Observation<CommitHash> observation) {
    byte[] commit = observation.value().hex().getBytes(StandardCharsets.US_ASCII);
    facts.put(
        layout.ref(repo, revision),
        new StoredRecord(subject(repo, revision), observation.learnedAt(), commit));
  }

  @Override
  public void forgetRevision(RepoId repo, Revision revision) {
    facts.remove(layout.ref(repo, revision));
    for (CommitRole role : CommitRole.values()) {
      forgetRevision(repo, revision, role);
    }
  }

  @Override
  public Optional<Observation<CommitHash>> revision(
      Authorised<RepoId> repo, Revision revision, CommitRole role) {
    return facts
        .read(path(repo.subject(), revision, role), subject(repo.subject(), revision, role))
        .flatMap(FsRepoStore::commitOf);
  }

  @Override
  public void putRevision(
      RepoId repo, Revision revision, CommitRole role, Observation<CommitHash> observation) {
    byte[] commit = observation.value().hex().getBytes(StandardCharsets.US_ASCII);
    facts.put(
        path(repo, revision, role),
        new StoredRecord(subject(repo, revision, role), observation.learnedAt(), commit));
  }

  @Override
  public void forgetRevision(RepoId repo, Revision revision, CommitRole role) {
    facts.remove(path(repo, revision, role));
  }

  @Override
  public List<ObservedRevision> revisions(Authorised<RepoId> repo) {
    List<ObservedRevision> observed = new ArrayList<>();
    for (Path path : listRefs(repo.subject())) {
      Optional<StoredRecord> record = facts.read(path);
      Optional<Revision> revision =
          record.flatMap(r -> Revision.parse(r.subject().getOrDefault("revision", "")));
      if (record.isPresent()
          && revision.isPresent()
          && record.get().subject().equals(subject(repo.subject(), revision.get()))) {
        commitOf(record.get())
            .ifPresent(commit -> observed.add(new ObservedRevision(revision.get(), commit)));
      }
    }
    return observed;
  }

  private List<Path> listRefs(RepoId repo) {
    try {
      return disk.list(layout.refs(repo));
    } catch (IOException e) {
      log.warn("The revisions of {} can't be listed: {}", repo, e.toString());
      return List.of();
    }
  }

  @Override
  public Optional<Manifest> manifest(Authorised<RepoId> repo, CommitHash commit) {
    metadata.used(repo.subject(), commit);
    return manifests.get(repo.subject(), commit).map(m -> m);
  }

  @Override
  public ManifestWriter newManifest(
      RepoId repo, CommitHash commit, MemoryBudget.Reservation memory) {
    return manifests.writer(repo, commit, memory);
  }

  @Override
  public Optional<StoredAnswer> answer(Authorised<RepoId> repo, CommitHash commit, String name) {
    metadata.used(repo.subject(), commit);
    Path path = layout.answer(repo.subject(), commit, name);
    return answers
        .read(path, subject(repo.subject(), commit, name))
        .map(record -> new FsAnswer(disk, answers, path, record));
  }

  @Override
  public int answers(RepoId repo, CommitHash commit) {
    try {
      return (int)
          disk.list(layout.commit(repo, commit)).stream().filter(StoreLayout::isAnswer).count();
    } catch (IOException e) {
      log.warn("The answers about {} at {} can't be counted: {}", repo, commit, e.toString());
      return Integer.MAX_VALUE;
    }
  }

  @Override
  public AnswerWriter newAnswer(
      RepoId repo, CommitHash commit, String name, MemoryBudget.Reservation memory) {
    return new FsAnswerWriter(
        disk,
        answers,
        replacer,
        layout.answer(repo, commit, name),
        subject(repo, commit, name),
        memory);
  }

  @Override
  public void putAnswer(RepoId repo, CommitHash commit, String name, Observation<byte[]> answer) {
    if (answer.value().length > StoredAnswer.SMALL) {
      putLarge(repo, commit, name, answer);
      return;
    }
    answers.put(
        layout.answer(repo, commit, name),
        new StoredRecord(subject(repo, commit, name), answer.learnedAt(), answer.value()));
  }

  private void putLarge(RepoId repo, CommitHash commit, String name, Observation<byte[]> answer) {
    CRC32C crc = new CRC32C();
    crc.update(answer.value());
    try (AtomicReplacer.Temporary file = replacer.create()) {
      FileIo.writeFully(file.file(), LargeValue.title());
      FileIo.writeFully(file.file(), ByteBuffer.wrap(answer.value()));
      answers.putLarge(
          layout.answer(repo, commit, name),
          new StoredRecord(subject(repo, commit, name), answer.learnedAt(), NOTHING),
          file,
          answer.value().length,
          (int) crc.getValue());
    } catch (IOException e) {
      log.warn("{} of {} at {} could not be written: {}", name, repo, commit, e.toString());
    }
  }

  /**
   * Removes the manifest of a commit to make room.
   *
   * @return the bytes that are free now
   */
  public long evictManifest(RepoId repo, CommitHash commit) throws IOException {
    return removal.evictManifest(repo, commit);
  }

  /**
   * Removes all answers about a commit to make room.
   *
   * @return the bytes that are free now
   */
  public long evictAnswers(RepoId repo, CommitHash commit) throws IOException {
    return removal.evictAnswers(repo, commit);
  }

  @Override
  public Map<RepoId, Observation<Tombstone>> tombstones() {
    return tombstones.all();
  }

  @Override
  public void putTombstone(RepoId repo, Observation<Tombstone> tombstone) {
    tombstones.put(repo, tombstone);
  }

  @Override
  public void forgetTombstone(RepoId repo) {
    tombstones.forget(repo);
  }

  @Override
  public Optional<Observation<RepoId>> alias(RepoId asked) {
    return facts
        .read(layout.alias(asked), subject("alias", asked))
        .flatMap(record ->
            parseRepo(record.text()).map(id -> new Observation<>(id, record.learnedAt())));
  }

  @Override
  public void putAlias(RepoId asked, Observation<RepoId> canonical) {
    byte[] id = spell(canonical.value()).getBytes(StandardCharsets.US_ASCII);
    facts.put(
        layout.alias(asked), new StoredRecord(subject("alias", asked), canonical.learnedAt(), id));
  }
}
