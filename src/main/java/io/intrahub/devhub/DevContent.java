package io.intrahub.devhub;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Bytes that can be read at any offset, as often as needed. Immutable and safe for all threads. */
sealed interface DevContent {
  long size();

  /**
   * Copies up to {@code length} bytes from {@code offset} on.
   *
   * @return how many were copied: fewer than {@code length} only at the end
   */
  int read(long offset, byte[] into, int at, int length);

  static DevContent of(byte[] bytes) {
    return new Stored(bytes.clone());
  }

  static DevContent of(String text) {
    return new Stored(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Bytes kept in memory. */
  final class Stored implements DevContent {
    private final byte[] bytes;

    private Stored(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public int read(long offset, byte[] into, int at, int length) {
      int n = (int) Math.min(length, bytes.length - offset);
      System.arraycopy(bytes, (int) offset, into, at, n);
      return n;
    }
  }

  /**
   * Bytes computed from a seed and their own offset, so that a file of any size costs neither disk
   * nor memory. Each 8 bytes are one step of the SplitMix64 generator, little endian.
   */
  record Generated(long seed, long size) implements DevContent {
    private static final VarHandle LONGS =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    public Generated {
      if (size < 0) {
        throw new IllegalArgumentException("negative size " + size);
      }
    }

    @Override
    public int read(long offset, byte[] into, int at, int length) {
      int n = (int) Math.min(length, size - offset);
      int done = 0;
      while (done < n) {
        long position = offset + done;
        long word = word(position >>> 3);
        int skip = (int) (position & 7);
        if (skip == 0 && n - done >= Long.BYTES) {
          LONGS.set(into, at + done, word);
          done += Long.BYTES;
        } else {
          into[at + done] = (byte) (word >>> (8 * skip));
          done++;
        }
      }
      return n;
    }

    private long word(long index) {
      long z = seed + (index + 1) * 0x9e3779b97f4a7c15L;
      z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
      z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
      return z ^ (z >>> 31);
    }
  }
}
