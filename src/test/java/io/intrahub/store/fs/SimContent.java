package io.intrahub.store.fs;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What one file of a {@link SimDisk} holds, and what it would hold after a power cut. */
final class SimContent {
  private static final int PAGE = 16 << 10;
  private static final int SECTOR = 512;

  private final List<byte @Nullable []> pages = new ArrayList<>();
  private long size;
  private long forcedSize;

  /** Pages that were written to since they were forced, as they were before. */
  private final Map<Integer, byte[]> before = new TreeMap<>();

  boolean readOnly;

  /** Whether it ever had a second name. */
  boolean linked;

  Instant modified = Instant.EPOCH;

  long size() {
    return size;
  }

  void write(ByteBuffer from, long position, Instant now) {
    modified = now;
    long at = position;
    while (from.hasRemaining()) {
      int page = (int) (at / PAGE);
      int offset = (int) (at % PAGE);
      int count = Math.min(from.remaining(), PAGE - offset);
      from.get(dirty(page), offset, count);
      at += count;
    }
    size = Math.max(size, at);
  }

  private byte[] dirty(int page) {
    while (pages.size() <= page) {
      pages.add(null);
    }
    byte[] bytes = pages.get(page);
    if (before.containsKey(page)) {
      return bytes;
    }
    before.put(page, bytes == null ? new byte[0] : bytes);
    byte[] copy = bytes == null ? new byte[PAGE] : bytes.clone();
    pages.set(page, copy);
    return copy;
  }

  /** Reads up to the end of a page; -1 at the end of the file. */
  int read(ByteBuffer into, long position) {
    if (position >= size) {
      return -1;
    }
    int total = 0;
    while (into.hasRemaining() && position + total < size) {
      long at = position + total;
      int offset = (int) (at % PAGE);
      int count = (int) Math.min(Math.min(into.remaining(), PAGE - offset), size - at);
      int page = (int) (at / PAGE);
      byte[] bytes = page < pages.size() ? pages.get(page) : null;
      if (bytes == null) {
        into.put(new byte[count]);
      } else {
        into.put(bytes, offset, count);
      }
      total += count;
    }
    return total;
  }

  /** All of it would survive now. */
  void forced() {
    before.clear();
    forcedSize = size;
  }

  /**
   * Each sector by itself is new or as it was when it was forced; the length may be the old one.
   */
  void loseUnforced(RandomGenerator random) {
    for (Map.Entry<Integer, byte[]> dirty : before.entrySet()) {
      int how = random.nextInt(3);
      if (how == 0) {
        continue;
      }
      byte[] old = dirty.getValue().length == 0 ? new byte[PAGE] : dirty.getValue();
      byte[] page = pages.get(dirty.getKey());
      for (int at = 0; at < PAGE; at += SECTOR) {
        if (how == 1 || random.nextBoolean()) {
          System.arraycopy(old, at, page, at, SECTOR);
        }
      }
    }
    if (random.nextInt(3) == 0 && size != forcedSize) {
      truncate(forcedSize);
    }
    forced();
  }

  private void truncate(long to) {
    size = to;
    int last = (int) (to / PAGE);
    for (int page = last; page < pages.size(); page++) {
      byte[] bytes = pages.get(page);
      if (bytes != null) {
        Arrays.fill(bytes, page == last ? (int) (to % PAGE) : 0, PAGE, (byte) 0);
      }
    }
  }
}
