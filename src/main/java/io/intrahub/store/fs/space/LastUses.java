package io.intrahub.store.fs.space;

import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When blobs and the metadata of commits were last used, as it is kept over a restart: 12 bytes for
 * each. They are told apart by {@link BlobKey#fingerprint}; when two have the same, one of them is
 * evicted at a wrong time. Immutable.
 *
 * <p>The form: 8 bytes of a title, 4 of the number of blobs, then of each the fingerprint (8) and
 * the seconds since 1970, unsigned (4), by the fingerprint, then a CRC-32C of all that (4). Numbers
 * are big-endian.
 */
public final class LastUses {
  public static final LastUses NONE = new LastUses(new long[0], new int[0]);

  private static final Logger log = LoggerFactory.getLogger(LastUses.class);

  private static final long TITLE = 0x4948554255534531L; // "IHUBUSE1"
  private static final int HEAD = Long.BYTES + Integer.BYTES;
  private static final int ITEM = Long.BYTES + Integer.BYTES;

  /** Twenty million blobs; a limit for what a foreign file can ask for. */
  private static final long MAX_FILE = 256L << 20;

  /** Sorted. */
  private final long[] fingerprints;

  private final int[] seconds;

  private LastUses(long[] fingerprints, int[] seconds) {
    this.fingerprints = fingerprints;
    this.seconds = seconds;
  }

  /** What this file says; nothing when it is missing, damaged or can't be read. */
  public static LastUses read(Disk disk, Path path) {
    try {
      Optional<Disk.Attributes> facts = disk.attributes(path);
      if (facts.isEmpty()) {
        return NONE;
      }
      Optional<LastUses> uses = Optional.empty();
      if (facts.get().regular() && facts.get().size() <= MAX_FILE) {
        try (Disk.File file = disk.open(path)) {
          int size = (int) Math.min(file.size(), MAX_FILE);
          uses = decode(FileIo.readFully(file, 0, size));
        }
      }
      if (uses.isEmpty()) {
        log.warn("{} is damaged, so the times of the files decide what is evicted first", path);
      }
      return uses.orElse(NONE);
    } catch (IOException e) {
      log.warn("{} can't be read, so the times of the files decide what is evicted first", path, e);
      return NONE;
    }
  }

  public int size() {
    return fingerprints.length;
  }

  /** In seconds since 1970, unsigned; empty when it is not known. */
  public Optional<Integer> of(long fingerprint) {
    int at = Arrays.binarySearch(fingerprints, fingerprint);
    return at < 0 ? Optional.empty() : Optional.of(seconds[at]);
  }

  public ByteBuffer encode() {
    ByteBuffer out = ByteBuffer.allocate(HEAD + size() * ITEM + Integer.BYTES);
    out.putLong(TITLE).putInt(size());
    for (int i = 0; i < size(); i++) {
      out.putLong(fingerprints[i]).putInt(seconds[i]);
    }
    return out.putInt(crc(out.duplicate().flip())).flip();
  }

  /** What these bytes say; empty when they are torn, damaged or something else. */
  static Optional<LastUses> decode(ByteBuffer in) {
    int body = in.remaining() - HEAD - Integer.BYTES;
    if (body < 0 || in.getLong(0) != TITLE) {
      return Optional.empty();
    }
    int count = in.getInt(Long.BYTES);
    if (count < 0
        || body != (long) count * ITEM
        || in.getInt(HEAD + body) != crc(in.slice(0, HEAD + body))) {
      return Optional.empty();
    }
    long[] fingerprints = new long[count];
    int[] seconds = new int[count];
    for (int i = 0; i < count; i++) {
      fingerprints[i] = in.getLong(HEAD + i * ITEM);
      seconds[i] = in.getInt(HEAD + i * ITEM + Long.BYTES);
      if (i > 0 && fingerprints[i] <= fingerprints[i - 1]) {
        return Optional.empty();
      }
    }
    return Optional.of(new LastUses(fingerprints, seconds));
  }

  private static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /** Collects; of two times for one blob the later one added counts. For one thread. */
  public static final class Builder {
    private long[] fingerprints = new long[64];
    private int[] seconds = new int[64];
    private int count;

    public void add(BlobKey key, int at) {
      add(key.fingerprint(), at);
    }

    public void addAll(LastUses uses) {
      for (int i = 0; i < uses.size(); i++) {
        add(uses.fingerprints[i], uses.seconds[i]);
      }
    }

    public void add(long fingerprint, int at) {
      if (count == fingerprints.length) {
        fingerprints = Arrays.copyOf(fingerprints, count * 2);
        seconds = Arrays.copyOf(seconds, count * 2);
      }
      fingerprints[count] = fingerprint;
      seconds[count] = at;
      count++;
    }

    public LastUses build() {
      long[] sorted = Arrays.copyOf(fingerprints, count);
      Arrays.sort(sorted);
      int distinct = 0;
      for (int i = 0; i < count; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1]) {
          sorted[distinct] = sorted[i];
          distinct++;
        }
      }
      long[] keys = Arrays.copyOf(sorted, distinct);
      int[] values = new int[distinct];
      for (int i = 0; i < count; i++) {
        values[Arrays.binarySearch(keys, fingerprints[i])] = seconds[i];
      }
      return new LastUses(keys, values);
    }
  }
}
