package io.intrahub.store.fs.metadata;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import io.intrahub.store.fs.metadata.EntryCursor.Encoded;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sorts any number of entries in bounded memory. A chunk of them is collected in memory; each full
 * chunk is sorted and appended to a temporary file as a run, and the runs are merged in the end.
 * For one thread at a time; to be closed by it.
 */
final class EntrySorter implements AutoCloseable {
  /** No entry of the Hub comes near it: a path has 2,048 bytes at most. */
  static final int MAX_ENTRY = 64 * 1024;

  private static final int MAX_CHUNK = 1 << 20;

  /** Merging needs as much. */
  private static final int MIN_CHUNK = 256 * 1024;

  private static final int STEP = 64 * 1024;

  /** Memory that an entry takes besides its bytes, with its share of the index. */
  private static final int OVERHEAD = 96;

  private static final int READ_BUFFER = 32 * 1024;

  private final AtomicReplacer replacer;
  private final MemoryBudget.Reservation memory;

  /** Entries that are in no run, in the order they were added. */
  private final List<Encoded> chunk = new ArrayList<>();

  /** Bytes of memory that the chunk takes, and that are reserved for it. */
  private int chunkBytes;

  private int reserved;

  /** Bytes of memory that the index takes, and that are reserved for it. */
  private int indexBytes;

  private int reservedForIndex;
  private int maxChunk = MAX_CHUNK;

  private @Nullable SortedRunFile spool;

  /** What was added since the last mark belongs to this part. */
  private int part;

  /** Parts that were taken back and are partly in a run. */
  private final Set<Integer> takenBack = new HashSet<>();

  /** Whether an entry of the present part is in a run. */
  private boolean partSpilled;

  /**
   * A sorter without entries.
   *
   * @param memory grown by what the sorter holds; closed by whoever made it
   */
  EntrySorter(AtomicReplacer replacer, MemoryBudget.Reservation memory) {
    this.replacer = replacer;
    this.memory = memory;
  }

  /**
   * Adds an entry.
   *
   * @param bytes as {@link ManifestFormat#encode} makes them; not changed afterwards
   */
  void add(byte[] bytes) throws IOException {
    if (bytes.length > MAX_ENTRY) {
      throw new IOException("an entry of " + bytes.length + " bytes");
    }
    int needed = bytes.length + OVERHEAD;
    if (chunkBytes + needed > maxChunk) {
      spill();
    }
    reserve(needed);
    chunk.add(new Encoded(part, bytes));
    chunkBytes += needed;
  }

  private void reserve(int needed) throws IOException {
    while (chunkBytes + needed > reserved) {
      try {
        grow(STEP);
      } catch (BudgetExhaustedException e) {
        if (reserved < MIN_CHUNK) {
          throw e;
        }
        // A smaller chunk does too; waiting for each step would take longer than merging.
        maxChunk = reserved;
        spill();
      }
    }
  }

  private void grow(int bytes) throws IOException {
    memory.grow(bytes);
    reserved += bytes;
  }

  /** See {@link io.intrahub.store.ManifestWriter#mark}. */
  void mark() {
    part++;
    partSpilled = false;
  }

  /** See {@link io.intrahub.store.ManifestWriter#rewind}. */
  void rewind() {
    while (!chunk.isEmpty() && chunk.getLast().part() == part) {
      chunkBytes -= chunk.removeLast().bytes().length + OVERHEAD;
    }
    if (partSpilled) {
      takenBack.add(part);
    }
    mark();
  }

  private void spill() throws IOException {
    if (chunk.isEmpty()) {
      return;
    }
    if (reserved < MIN_CHUNK) {
      grow(MIN_CHUNK - reserved);
    }
    SortedRunFile to = spool;
    if (to == null) {
      to = new SortedRunFile(replacer.create());
      spool = to;
    }
    partSpilled = partSpilled || chunk.getLast().part() == part;
    chunk.sort(Encoded.BY_PATH);
    to.append(chunk);
    chunk.clear();
    chunkBytes = 0;
  }

  /**
   * All entries in order. Of those with one path only the last is among them. May be called again
   * once the cursor before was closed; nothing may be added any more.
   *
   * @param older entries that any other with the same path replaces; not closed here
   */
  EntryCursor sorted(List<EntryCursor> older) throws IOException {
    indexBytes = 0;
    if (spool == null) {
      chunk.sort(Encoded.BY_PATH);
      return merged(older, List.of(new ChunkCursor(chunk)));
    }
    spill();
    // The index of a large manifest needs some of what the chunk had.
    int spare = Math.max(0, Math.min(reserved / 2, reserved - MIN_CHUNK));
    memory.shrink(spare);
    reserved -= spare;
    int most = Math.max(2, reserved / READ_BUFFER / 2);
    while (spool.runs().size() + older.size() > most) {
      mergeOnce(most);
    }
    return merged(older, open(spool, spool.runs()));
  }

  /** Makes fewer and longer runs, in the same order: of two equal paths the later one counts. */
  private void mergeOnce(int most) throws IOException {
    SortedRunFile from = Objects.requireNonNull(spool);
    SortedRunFile to = new SortedRunFile(replacer.create());
    try {
      for (int i = 0; i < from.runs().size(); i += most) {
        int end = Math.min(i + most, from.runs().size());
        to.append(merged(List.of(), open(from, from.runs().subList(i, end))));
      }
    } catch (IOException | RuntimeException e) {
      to.close();
      throw e;
    }
    spool = to;
    from.close();
  }

  private EntryCursor merged(List<EntryCursor> older, List<EntryCursor> runs) throws IOException {
    List<EntryCursor> all = new ArrayList<>(older);
    all.addAll(runs);
    return new MergeCursor(all, entry -> takenBack.contains(entry.part()));
  }

  /** Reserves memory for the index of the manifest that the sorted entries are written to. */
  void reserveIndex(int bytes) throws IOException {
    if (spool == null) {
      // What the entries have reserved includes the index of so few.
      return;
    }
    indexBytes += bytes;
    while (indexBytes > reservedForIndex) {
      memory.grow(STEP);
      reservedForIndex += STEP;
    }
  }

  private static List<EntryCursor> open(SortedRunFile file, List<SortedRunFile.Run> runs) {
    List<EntryCursor> cursors = new ArrayList<>();
    for (SortedRunFile.Run run : runs) {
      cursors.add(new RunCursor(file, run));
    }
    return cursors;
  }

  @Override
  public void close() {
    chunk.clear();
    if (spool != null) {
      spool.close();
    }
  }

  /** What is in memory. */
  private static final class ChunkCursor implements EntryCursor {
    private final List<Encoded> entries;
    private int at;

    ChunkCursor(List<Encoded> sorted) {
      this.entries = sorted;
    }

    @Override
    public @Nullable Encoded next() {
      return at == entries.size() ? null : entries.get(at++);
    }
  }

  /** What is in a run. */
  private static final class RunCursor implements EntryCursor {
    private final DataInputStream in;
    private long left;

    RunCursor(SortedRunFile file, SortedRunFile.Run run) {
      RegionInput region = new RegionInput(file.file(), run.from(), run.end());
      this.in = new DataInputStream(new BufferedInputStream(region, READ_BUFFER));
      this.left = run.end() - run.from();
    }

    @Override
    public @Nullable Encoded next() throws IOException {
      if (left <= 0) {
        return null;
      }
      int part = in.readInt();
      byte[] bytes = new byte[in.readInt()];
      in.readFully(bytes);
      left -= SortedRunFile.HEAD + bytes.length;
      return new Encoded(part, bytes);
    }
  }
}
