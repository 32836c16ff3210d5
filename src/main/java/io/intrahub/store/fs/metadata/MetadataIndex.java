package io.intrahub.store.fs.metadata;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.space.LastUses;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the files of metadata take on the disk, and when those of a commit were last used: about 120
 * bytes of memory for each commit, however many answers it has. Derived from the disk, like {@code
 * BlobIndex}. Safe for use by many threads.
 */
public final class MetadataIndex {
  private static final Logger log = LoggerFactory.getLogger(MetadataIndex.class);

  /** The round of a commit of which nobody has asked yet whether it is current. */
  private static final int FRESH = -1;

  private static final int NEVER = 0;

  /** What is known of the files of one commit; its owner is the index. */
  private static final class Item {
    private final long manifest;
    private final long answers;

    /** Seconds since 1970, unsigned. */
    private volatile int lastUse;

    /** The last round of marking in which it was marked, or {@link #FRESH}. */
    private volatile int round;

    private Item(long manifest, long answers, int lastUse, int round) {
      this.manifest = manifest;
      this.answers = answers;
      this.lastUse = lastUse;
      this.round = round;
    }

    private long bytes() {
      return manifest + answers;
    }
  }

  /** Is told of every commit. */
  public interface Visitor {
    /**
     * One commit.
     *
     * @param manifest what its manifest takes, in bytes
     * @param answers what its answers take, in bytes
     * @param lastUse in seconds since 1970
     * @param marked whether it was marked in this round
     */
    void visit(CommitKey key, long manifest, long answers, long lastUse, boolean marked);
  }

  private final Disk disk;
  private final StoreLayout layout;
  private final Clock clock;
  private final ConcurrentHashMap<CommitKey, Item> items = new ConcurrentHashMap<>();

  /** Held over the look at a commit's files, so that an older look never replaces a younger one. */
  private final StripedLocks locks = new StripedLocks();

  /** Of commits. Changed only inside an atomic change of {@link #items}, so it follows exactly. */
  private final AtomicLong bytes = new AtomicLong();

  /** Of refs, grants and aliases. Right when the walk ends, but for what is written meanwhile. */
  private final AtomicLong small = new AtomicLong();

  /** The present round of marking; changed by the one thread that marks. */
  private volatile int round = NEVER + 1;

  /** Told of each change of a commit's files. */
  private volatile Runnable watcher = () -> {};

  /** When commits were used in the process before; replaced by nothing when the walk is over. */
  private volatile LastUses before = LastUses.NONE;

  public MetadataIndex(Disk disk, StoreLayout layout, Clock clock) {
    this.disk = disk;
    this.layout = layout;
    this.clock = clock;
  }

  /**
   * Has somebody told of each change of a commit's files.
   *
   * @param who is called by threads that have a stripe, so it must not wait for one
   */
  public void watch(Runnable who) {
    watcher = who;
  }

  /** What all files of metadata take, in bytes. */
  public long bytes() {
    return bytes.get() + small.get();
  }

  /** As {@link #bytes}, of what {@code EvictableCommitMetadata} can evict. */
  public long evictable() {
    return bytes.get();
  }

  /**
   * A file of the store was replaced or removed.
   *
   * @param length of the file before, in bytes; 0 if there was none
   */
  void changed(Path path, long length) {
    Optional<StoreLayout.CommitFile> file = layout.commitFile(path);
    if (file.isPresent()) {
      look(file.get().repo(), file.get().commit(), Optional.of(clock.instant()));
      watcher.run();
    } else if (layout.isSmallRecord(path)) {
      small.addAndGet(lengthOf(path) - length);
    }
  }

  /** What a file takes now, in bytes; 0 when it is not there. */
  public long lengthOf(Path path) {
    try {
      return disk.attributes(path)
          .filter(Disk.Attributes::regular)
          .map(Disk.Attributes::size)
          .orElse(0L);
    } catch (IOException e) {
      log.debug("{} counts as nothing", path, e);
      return 0;
    }
  }

  /** The walk found that refs, grants and aliases take so many bytes. */
  public void foundSmall(long all) {
    small.set(all);
  }

  /** The walk came upon this commit. */
  public void found(RepoId repo, CommitHash commit) {
    look(repo, commit, Optional.empty());
  }

  /**
   * Counts the files of a commit as they are now.
   *
   * @param used when it was used, if that is known better than by the times of the files
   */
  private void look(RepoId repo, CommitHash commit, Optional<Instant> used) {
    CommitKey key = CommitKey.of(repo.folderName(), commit);
    ReentrantLock lock = locks.of(key);
    lock.lock();
    try {
      long manifest = 0;
      long answers = 0;
      Instant modified = Instant.MIN;
      for (Path path : disk.list(layout.commit(repo, commit))) {
        Optional<Disk.Attributes> facts = disk.attributes(path).filter(Disk.Attributes::regular);
        if (facts.isPresent() && path.equals(layout.manifest(repo, commit))) {
          manifest = facts.get().size();
        } else if (facts.isPresent()) {
          answers += facts.get().size();
        }
        if (facts.isPresent() && facts.get().modified().isAfter(modified)) {
          modified = facts.get().modified();
        }
      }
      set(key, manifest, answers, used, modified);
    } catch (IOException e) {
      log.warn(
          "The metadata of {} of {} can't be counted, so its last known size is used: {}",
          commit,
          repo,
          e.toString());
    } finally {
      lock.unlock();
    }
  }

  private void set(
      CommitKey key, long manifest, long answers, Optional<Instant> used, Instant modified) {
    items.compute(
        key,
        (k, old) -> {
          bytes.addAndGet(manifest + answers - (old == null ? 0 : old.bytes()));
          if (manifest + answers == 0) {
            return null;
          }
          int lastUse =
              used.map(MetadataIndex::seconds).orElseGet(() -> lastUse(key, old, modified));
          return new Item(manifest, answers, lastUse, old == null ? FRESH : old.round);
        });
  }

  private int lastUse(CommitKey key, @Nullable Item old, Instant modified) {
    return old == null ? before.of(key.fingerprint()).orElse(seconds(modified)) : old.lastUse;
  }

  /** Somebody asked for something of this commit. */
  void used(RepoId repo, CommitHash commit) {
    Item item = items.get(CommitKey.of(repo.folderName(), commit));
    if (item != null) {
      item.lastUse = seconds(clock.instant());
    }
  }

  private static int seconds(Instant instant) {
    return (int) instant.getEpochSecond();
  }

  /** Begins a round of marking: no commit is marked then. For one thread at a time. */
  public void beginRound() {
    // One thread marks, so this is no race.
    int next = round + 1;
    round = next;
  }

  /** Marks a commit in this round, if it is there. */
  public void mark(CommitKey key) {
    Item item = items.get(key);
    if (item != null) {
      item.round = round;
    }
  }

  /**
   * The folders of the repos of commits that came in since this was last asked. These count as not
   * marked until they are.
   */
  public Set<String> freshRepos() {
    Set<String> folders = new HashSet<>();
    items.forEach((key, item) -> {
      if (item.round == FRESH) {
        item.round = NEVER;
        folders.add(key.repoFolder());
      }
    });
    return folders;
  }

  /** Passes on every commit. Those that come or go meanwhile may be missing or not. */
  public void forEach(Visitor visitor) {
    int now = round;
    items.forEach((key, item) ->
        visitor.visit(
            key,
            item.manifest,
            item.answers,
            Integer.toUnsignedLong(item.lastUse),
            item.round == now));
  }

  /** What an earlier process knew of last uses; it counts for commits that are not known yet. */
  public void remember(LastUses uses) {
    before = uses;
  }

  /** Adds every last use that is known. */
  public void addLastUses(LastUses.Builder to) {
    items.forEach((key, item) -> to.add(key.fingerprint(), item.lastUse));
  }
}
