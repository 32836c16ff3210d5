package io.intrahub.store.fs.metadata;

import io.intrahub.store.StoredAnswer;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.metadata.ManifestFormat.DamagedException;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/** An answer in the file of a record. A large one is read from there each time. */
final class FsAnswer implements StoredAnswer {
  private final Disk disk;
  private final RecordFiles records;
  private final Path path;
  private final StoredRecord record;

  FsAnswer(Disk disk, RecordFiles records, Path path, StoredRecord record) {
    this.disk = disk;
    this.records = records;
    this.path = path;
    this.record = record;
  }

  @Override
  public Instant learnedAt() {
    return record.learnedAt();
  }

  @Override
  public long length() {
    return record.large().map(LargeValue::length).orElse((long) record.value().length);
  }

  @Override
  public Optional<byte[]> small() {
    return record.large().isPresent() ? Optional.empty() : Optional.of(record.value());
  }

  @Override
  public InputStream open() throws IOException {
    return record.large().isPresent()
        ? open(record.large().get())
        : new ByteArrayInputStream(record.value());
  }

  private InputStream open(LargeValue value) throws IOException {
    Disk.File file = disk.open(path);
    boolean opened = false;
    try {
      if (!LargeValue.isIn(file) || !LargeValue.read(file).equals(value)) {
        throw new IOException("the answer was replaced by a newer one");
      }
      opened = true;
      return new Reported(value.open(file), value);
    } catch (DamagedException e) {
      records.damaged(path, value);
      throw e;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  /**
   * Has a damaged file removed. The whole file is checked while it is read and not before: a check
   * ahead would let the first byte of a large answer wait for the disk to give all others.
   */
  private final class Reported extends FilterInputStream {
    private final LargeValue value;

    Reported(InputStream in, LargeValue value) {
      super(in);
      this.value = value;
    }

    @Override
    public int read() throws IOException {
      try {
        return super.read();
      } catch (DamagedException e) {
        records.damaged(path, value);
        throw e;
      }
    }

    @Override
    public int read(byte[] into, int offset, int count) throws IOException {
      try {
        return super.read(into, offset, count);
      } catch (DamagedException e) {
        records.damaged(path, value);
        throw e;
      }
    }
  }
}
