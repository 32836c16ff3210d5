package io.intrahub.store.fs;

import io.intrahub.base.CacheSizes;
import io.intrahub.store.BlobImporter;
import io.intrahub.store.CachedRepoStore;
import io.intrahub.store.Maintenance;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.RepoStore;
import io.intrahub.store.Scratch;
import io.intrahub.store.Store;
import io.intrahub.store.StoreException;
import io.intrahub.store.StoreUsage;
import io.intrahub.store.fs.blobs.BlobChecks;
import io.intrahub.store.fs.blobs.BlobIndex;
import io.intrahub.store.fs.blobs.BlobPins;
import io.intrahub.store.fs.blobs.BlobPublisher;
import io.intrahub.store.fs.blobs.CurrentBlobMarker;
import io.intrahub.store.fs.blobs.EvictablePublishedBlobs;
import io.intrahub.store.fs.blobs.Quarantine;
import io.intrahub.store.fs.blobs.RepoBlobLinks;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.DurableFolders;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.JdkDisk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.metadata.AtomicReplacer;
import io.intrahub.store.fs.metadata.FsRepoCatalog;
import io.intrahub.store.fs.metadata.FsRepoStore;
import io.intrahub.store.fs.metadata.MetadataIndex;
import io.intrahub.store.fs.partial.PartialBlobs;
import io.intrahub.store.fs.space.DiskBudget;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.store.fs.space.Evictor;
import io.intrahub.store.fs.space.LastUses;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The store in a folder. One process at a time has it open. Safe for use by many threads. */
public final class FsStore implements Store, Maintenance {
  private static final Logger log = LoggerFactory.getLogger(FsStore.class);

  private final StoreOpener.Opened parts;
  private final DiskBudgetSettings settings;
  private final BlobIndex index = new BlobIndex();
  private final BlobPins pins = new BlobPins();
  private final MetadataIndex metadata;
  private final AtomicReplacer replacer;
  private final Evictor evictor;
  private final DiskBudget budget;
  private final BlobPublisher publisher;
  private final PartialBlobs partials;
  private final FsPublishedBlobs published;
  private final CachedRepoStore repos;
  private final BlobChecks checks;
  private final EvictableCommitMetadata commits;
  private final RecoveryScan scan;
  private final GrantCleanup grants;
  private final BlobImporter importer;
  private final ReadOnlyStore readOnly;
  private final RepoRemover remover;
  private final BlobScrubber scrubber;
  private final StoreTrimmer trimmer;
  private final BlobReferences references;

  /** Guarded by this. */
  private boolean closed;

  private FsStore(
      StoreOpener.Opened parts,
      Disk disk,
      Clock clock,
      DiskBudgetSettings settings,
      CacheSizes caches,
      Executor executor) {
    this.parts = parts;
    this.settings = settings;
    StoreLayout layout = parts.layout();
    DurableFolders folders = parts.folders();
    Quarantine quarantine = new Quarantine(disk, layout.quarantine(), clock);
    this.metadata = new MetadataIndex(disk, layout, clock);
    this.replacer = new AtomicReplacer(disk, layout, folders, metadata);
    this.evictor = new Evictor(clock);
    this.budget = new DiskBudget(disk, settings, evictor, clock);
    StripedLocks locks = new StripedLocks();
    this.publisher =
        new BlobPublisher(
            disk,
            folders,
            quarantine,
            index,
            clock,
            parts.shutdownMarker(),
            parts.features(),
            locks);
    this.checks = new BlobChecks(disk, index, pins, locks, quarantine, clock, executor);
    this.published =
        new FsPublishedBlobs(
            disk, layout, publisher, checks, index, clock, parts.shutdownMarker(), pins, locks);
    this.partials =
        new PartialBlobs(disk, layout, folders, budget, quarantine, published, pins, clock, locks);
    this.importer = new FsBlobImporter(disk, layout, budget, published);
    this.readOnly = new ReadOnlyStore(disk, layout);
    this.scrubber = new BlobScrubber(disk, layout, checks, pins);
    this.references = new BlobReferences(disk, layout);
    RepoBlobLinks links =
        new RepoBlobLinks(disk, layout, folders, index, clock, parts.features(), locks);
    FsRepoStore files =
        new FsRepoStore(disk, layout, replacer, metadata, clock, caches, links::link);
    this.repos = new CachedRepoStore(files, caches, clock);
    this.scan =
        new RecoveryScan(
            disk,
            layout,
            checks,
            partials,
            index,
            metadata,
            quarantine,
            parts.shutdownMarker(),
            pins);
    this.grants = new GrantCleanup(disk, layout, clock);
    CurrentBlobMarker current =
        new CurrentBlobMarker(new FsRepoCatalog(disk, layout), index, metadata, evictor::closed);
    EvictablePublishedBlobs evictable =
        new EvictablePublishedBlobs(disk, layout, index, pins, locks, current, partials::isWritten);
    this.remover = new RepoRemover(disk, layout, repos, files.placements(), evictable, partials);
    evictor.add(evictable);
    evictor.add(partials);
    this.commits = new EvictableCommitMetadata(metadata, current, files, budget, evictor, executor);
    evictor.add(commits);
    this.trimmer = new StoreTrimmer(evictor, settings, this::usage, clock);
    metadata.watch(commits::grown);
    LastUses before = LastUses.read(disk, layout.lastUses());
    index.remember(before);
    metadata.remember(before);
  }

  /**
   * Opens a store, or makes one of an empty folder or one that does not exist. Call {@link #scan}
   * afterwards on a thread of its own: only what must be done before the first request is done
   * here.
   *
   * <p>A full disk is no reason to refuse a store that has something to serve; then it takes
   * nothing new.
   *
   * @param caches how large the caches of records and manifests may be
   * @param executor a thread per task; what it still runs when the store is closed ends soon
   * @throws StoreException when the folder can't be used; the message says why and what to do
   */
  public static FsStore open(
      Path folder, Clock clock, DiskBudgetSettings settings, CacheSizes caches, Executor executor)
      throws StoreException {
    Path root = folder.toAbsolutePath().normalize();
    return open(root, clock, settings, new JdkDisk(root), new SecureRandom(), caches, executor);
  }

  /** The same, with caches that fit the heap of this process. */
  public static FsStore open(
      Path folder, Clock clock, DiskBudgetSettings settings, Executor executor)
      throws StoreException {
    CacheSizes caches = CacheSizes.ofHeap(Runtime.getRuntime().maxMemory());
    return open(folder, clock, settings, caches, executor);
  }

  /** For tests: each check of a blob is over when the call that began it returns. */
  public static FsStore open(
      Path root, Clock clock, DiskBudgetSettings settings, Disk disk, RandomGenerator random)
      throws StoreException {
    return open(root, clock, settings, disk, random, Runnable::run);
  }

  static FsStore open(
      Path root,
      Clock clock,
      DiskBudgetSettings settings,
      Disk disk,
      RandomGenerator random,
      Executor executor)
      throws StoreException {
    return open(root, clock, settings, disk, random, CacheSizes.ofHeap(512L << 20), executor);
  }

  static FsStore open(
      Path root,
      Clock clock,
      DiskBudgetSettings settings,
      Disk disk,
      RandomGenerator random,
      CacheSizes caches,
      Executor executor)
      throws StoreException {
    StoreOpener.Opened parts = new StoreOpener(disk, new StoreLayout(root), clock, random).open();
    return new FsStore(parts, disk, clock, settings, caches, executor);
  }

  @Override
  public void scan() {
    count();
    if (scan.done()) {
      tidy();
    }
  }

  /** As {@link #scan}, but evicts nothing. */
  public void count() {
    scan.run();
    if (scan.done()) {
      index.remember(LastUses.NONE);
      metadata.remember(LastUses.NONE);
    }
  }

  @Override
  public void deleteGrantsOlderThan(Duration life) {
    grants.deleteOlderThan(life);
  }

  @Override
  public void tidy() {
    commits.trim();
    budget.tidy();
  }

  @Override
  public synchronized void saveLastUses() {
    LastUses.Builder known = new LastUses.Builder();
    index.addLastUses(known);
    metadata.addLastUses(known);
    LastUses uses = known.build();
    if (uses.size() == 0) {
      return;
    }
    try {
      replacer.replace(parts.layout().lastUses(), file -> FileIo.writeFully(file, uses.encode()));
    } catch (IOException e) {
      log.warn("The last uses of blobs could not be written: {}", e.toString());
    }
  }

  @Override
  public PublishedBlobs published() {
    return published;
  }

  @Override
  public Scratch scratch() {
    return partials;
  }

  @Override
  public Maintenance maintenance() {
    return this;
  }

  @Override
  public RepoStore repos() {
    return repos;
  }

  /** Takes blobs that the operator brings. */
  public BlobImporter importer() {
    return importer;
  }

  /** Removes repos and revisions for the operator. */
  public RepoRemover remover() {
    return remover;
  }

  /** Checks published blobs for the operator. */
  public BlobScrubber scrubber() {
    return scrubber;
  }

  /** Finds out which files have a blob, for the operator. */
  public BlobReferences references() {
    return references;
  }

  /** Evicts what the operator wants to be rid of before the store is full. */
  public StoreTrimmer trimmer() {
    return trimmer;
  }

  /**
   * Has a listener told of each published blob that is evicted or damaged, once its file has lost
   * its name. It must be quick and must not use the store.
   */
  public void onBlobRemoved(Consumer<BlobKey> listener) {
    index.onRemoved(listener);
  }

  /**
   * The key with which commands sign what they ask of the process that has the store open.
   *
   * @throws IOException if the folder can't be read
   */
  public OperatorKey operatorKey() throws IOException {
    return OperatorKey.of(parts.installationKey(), parts.layout().root());
  }

  /** The same store as the operator sees it. */
  public ReadOnlyStore readOnly() {
    return readOnly;
  }

  @Override
  public StoreUsage usage() {
    return new StoreUsage(
        index.count(),
        index.bytes(),
        scan.done(),
        partials.writers(),
        budget.reserved(),
        budget.held(),
        partials.idle(),
        partials.bytes(),
        metadata.bytes(),
        settings.maxSize() == 0 ? OptionalLong.empty() : OptionalLong.of(settings.maxSize()),
        budget.free(),
        evictor.evictedBlobs(),
        evictor.evictedBytes());
  }

  /** The store's random name, 32 hexadecimal digits, made at its first start. */
  public String id() {
    return parts.marker().id();
  }

  @Override
  public byte[] installationKey() {
    return parts.installationKey().clone();
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    publisher.close();
    partials.close();
    scan.stop();
    checks.close();
    evictor.close();
    saveLastUses();
    replacer.close();
    try {
      if (partials.writers() == 0) {
        parts.shutdownMarker().end();
      } else {
        log.warn("Downloads still being written when the store closed: {}", partials.writers());
      }
    } catch (IOException e) {
      log.warn(
          "The store could not be closed in order, so the next start checks recent blobs: {}",
          e.toString());
    } finally {
      release();
    }
  }

  /** Lets the lock go and nothing else: what the end of a killed process does. For tests. */
  public synchronized void release() {
    try {
      parts.lock().close();
    } catch (IOException e) {
      log.warn(
          "The lock of the store could not be released and ends with the process: {}",
          e.toString());
    }
  }
}
