package io.intrahub.store.fs.metadata;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import io.intrahub.store.AnswerWriter;
import io.intrahub.store.StoredAnswer;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Writes an answer. Owner: the thread that writes. */
final class FsAnswerWriter extends AnswerWriter {
  /** Bytes that are reserved at a time, and written to the file at a time. */
  private static final int STEP = 64 * 1024;

  /** What is held in memory if the budget has nothing to give. */
  private static final int LITTLE = 8 * 1024;

  private final Disk disk;
  private final RecordFiles records;
  private final AtomicReplacer replacer;
  private final Path path;
  private final Map<String, String> subject;
  private final MemoryBudget.Reservation memory;

  /** What was written and is not in the file. */
  private final ByteArrayOutputStream buffer = new ByteArrayOutputStream();

  private final CRC32C crc = new CRC32C();

  /** Bytes reserved for the buffer. */
  private int reserved;

  /** Set once the budget had nothing to give: to ask it again takes seconds each time. */
  private boolean refused;

  private long length;
  private AtomicReplacer.@Nullable Temporary file;
  private boolean ended;

  /**
   * A writer of one answer.
   *
   * @param subject what the record is about
   * @param memory grown by what is held in memory
   */
  FsAnswerWriter(
      Disk disk,
      RecordFiles records,
      AtomicReplacer replacer,
      Path path,
      Map<String, String> subject,
      MemoryBudget.Reservation memory) {
    this.disk = disk;
    this.records = records;
    this.replacer = replacer;
    this.path = path;
    this.subject = subject;
    this.memory = memory;
  }

  @Override
  public void write(byte[] from, int offset, int count) throws IOException {
    Objects.checkFromIndexSize(offset, count, from.length);
    if (ended) {
      throw new IOException("the answer was committed or given up");
    }
    if (length + count > StoredAnswer.MAX_LENGTH) {
      throw new IOException("an answer of more than " + StoredAnswer.MAX_LENGTH + " bytes");
    }
    length += count;
    crc.update(from, offset, count);
    if (file == null && length <= StoredAnswer.SMALL && mayHold(count)) {
      buffer.write(from, offset, count);
      return;
    }
    if (buffer.size() + count > Math.max(LITTLE, Math.min(reserved, STEP))) {
      spill();
      writeToFile(ByteBuffer.wrap(from, offset, count));
    } else {
      buffer.write(from, offset, count);
    }
  }

  /** Whether the buffer may take more; the file takes what finds no memory. */
  private boolean mayHold(int count) throws IOException {
    int missing = buffer.size() + count - reserved;
    if (missing <= 0) {
      return true;
    }
    if (refused) {
      return false;
    }
    int step = Math.max(missing, STEP);
    try {
      memory.grow(step);
      reserved += step;
      return true;
    } catch (BudgetExhaustedException e) {
      refused = true;
      return false;
    }
  }

  private void spill() throws IOException {
    writeToFile(ByteBuffer.wrap(buffer.toByteArray()));
    buffer.reset();
  }

  private void writeToFile(ByteBuffer bytes) throws IOException {
    AtomicReplacer.Temporary to = file;
    if (to == null) {
      to = replacer.create();
      file = to;
      FileIo.writeFully(to.file(), LargeValue.title());
    }
    FileIo.writeFully(to.file(), bytes);
  }

  @Override
  public StoredAnswer commit(Instant learnedAt) throws IOException {
    if (ended) {
      throw new IOException("the answer was committed or given up");
    }
    ended = true;
    AtomicReplacer.Temporary to = file;
    if (to == null) {
      StoredRecord record = new StoredRecord(subject, learnedAt, buffer.toByteArray());
      return new FsAnswer(disk, records, path, records.put(path, record));
    }
    try (to) {
      spill();
      StoredRecord record = new StoredRecord(subject, learnedAt, new byte[0]);
      return new FsAnswer(
          disk, records, path, records.putLarge(path, record, to, length, (int) crc.getValue()));
    }
  }

  @Override
  public void close() {
    ended = true;
    if (file != null) {
      file.close();
    }
  }
}
