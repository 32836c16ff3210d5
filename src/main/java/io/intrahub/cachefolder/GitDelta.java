package io.intrahub.cachefolder;

import java.io.EOFException;
import java.io.IOException;

/** Git's difference between two objects (gitformat-pack, "Deltified representation"). */
final class GitDelta {
  private final byte[] delta;
  private int at;

  private GitDelta(byte[] delta) {
    this.delta = delta;
  }

  /**
   * Makes an object from the one that it is a difference to.
   *
   * @throws IOException if the result is larger than {@link GitObjects#MAX_OBJECT}
   * @throws IndexOutOfBoundsException if the difference is damaged, or is to another object
   */
  static byte[] apply(byte[] delta, byte[] base) throws IOException {
    return new GitDelta(delta).applyTo(base);
  }

  private byte[] applyTo(byte[] base) throws IOException {
    if (length() != base.length) {
      throw new EOFException();
    }
    long size = length();
    if (size > GitObjects.MAX_OBJECT) {
      throw new IOException("a commit of the clone is too large");
    }
    byte[] result = new byte[(int) size];
    int to = 0;
    while (at < delta.length) {
      int instruction = next();
      if ((instruction & 0x80) == 0) {
        // So many bytes follow. Zero is reserved, and would copy nothing.
        System.arraycopy(delta, at, result, to, instruction);
        at += instruction;
        to += instruction;
      } else {
        int from = number(instruction, 4);
        int count = number(instruction >> 4, 3);
        count = count == 0 ? 0x10000 : count;
        System.arraycopy(base, from, result, to, count);
        to += count;
      }
    }
    if (to != result.length) {
      throw new EOFException();
    }
    return result;
  }

  private int next() {
    int value = Byte.toUnsignedInt(delta[at]);
    at++;
    return value;
  }

  /** Seven bits a byte, the lowest first. */
  private long length() {
    long length = 0;
    int shift = 0;
    int next;
    do {
      next = next();
      length |= (long) (next & 0x7f) << shift;
      shift += 7;
    } while ((next & 0x80) != 0 && shift < Integer.SIZE);
    return length;
  }

  /** The bytes of a number that are not zero, the lowest first, as the bits say. */
  private int number(int bits, int bytes) {
    int number = 0;
    for (int i = 0; i < bytes; i++) {
      if (((bits >> i) & 1) != 0) {
        number |= next() << (Byte.SIZE * i);
      }
    }
    return number;
  }
}
