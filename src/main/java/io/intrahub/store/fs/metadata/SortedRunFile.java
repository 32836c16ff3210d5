package io.intrahub.store.fs.metadata;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.metadata.EntryCursor.Encoded;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs of sorted entries, one behind the other in a temporary file. For one thread at a time; to be
 * closed by it.
 */
final class SortedRunFile implements AutoCloseable {
  /** Bytes before those of an entry: its part and its length. */
  static final int HEAD = 4 + 4;

  private final AtomicReplacer.Temporary file;
  private final List<Run> runs = new ArrayList<>();
  private final ByteBuffer buffer = ByteBuffer.allocate(HEAD + EntrySorter.MAX_ENTRY);

  /** Where the buffer's first byte goes. */
  private long at;

  /** The last entry of the last run; null without runs. */
  private @Nullable Encoded last;

  /**
   * A file without runs.
   *
   * @param file closed with this
   */
  SortedRunFile(AtomicReplacer.Temporary file) {
    this.file = file;
  }

  /**
   * A run.
   *
   * @param from its first byte
   * @param end behind its last byte
   */
  record Run(long from, long end) {}

  List<Run> runs() {
    return runs;
  }

  Disk.File file() {
    return file.file();
  }

  /** Appends sorted entries. */
  void append(List<Encoded> entries) throws IOException {
    long from = begin(entries.getFirst());
    for (Encoded entry : entries) {
      write(entry);
    }
    end(from);
  }

  /** Appends sorted entries. */
  void append(EntryCursor entries) throws IOException {
    Encoded entry = entries.next();
    if (entry == null) {
      return;
    }
    long from = begin(entry);
    while (entry != null) {
      write(entry);
      entry = entries.next();
    }
    end(from);
  }

  /**
   * Where the run begins: that of the one before, if this one only goes on from there. So a listing
   * that comes in order makes a single run.
   */
  private long begin(Encoded first) {
    Encoded before = last;
    return before != null && Encoded.BY_PATH.compare(before, first) <= 0
        ? runs.removeLast().from()
        : at;
  }

  private void write(Encoded entry) throws IOException {
    if (buffer.remaining() < HEAD + entry.bytes().length) {
      flush();
    }
    buffer.putInt(entry.part()).putInt(entry.bytes().length).put(entry.bytes());
    last = entry;
  }

  private void end(long from) throws IOException {
    flush();
    runs.add(new Run(from, at));
  }

  private void flush() throws IOException {
    buffer.flip();
    at += buffer.remaining();
    FileIo.writeFully(file.file(), buffer);
    buffer.clear();
  }

  @Override
  public void close() {
    file.close();
  }
}
