package io.intrahub.mirror;

import io.intrahub.base.MemoryBudget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/** Takes the first bytes of a body, and stops whoever writes more. For one thread. */
final class PrefixBuffer extends OutputStream {
  /** Bytes that are taken, unless another number is given. */
  static final int MAX = 64 * 1024;

  private static final int STEP = 16 * 1024;

  /** Heap for each byte: in the stream, which doubles, and in the array that it gives. */
  private static final int HEAP_PER_BYTE = 3;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final MemoryBudget.Reservation reservation;
  private final int max;
  private int reserved;

  /** With the reservation that grows with what is taken. */
  PrefixBuffer(MemoryBudget.Reservation reservation) {
    this(reservation, MAX);
  }

  /**
   * Takes another number of bytes.
   *
   * @param max bytes that are taken
   */
  PrefixBuffer(MemoryBudget.Reservation reservation, int max) {
    this.reservation = reservation;
    this.max = max;
  }

  /** There is more than was room for. */
  private static final class FullException extends IOException {
    private static final long serialVersionUID = 1L;

    FullException(int max) {
      super("longer than " + max + " bytes");
    }
  }

  /**
   * Has a content written.
   *
   * @return all of it, or empty when there is more than is taken
   * @throws IOException when the content can't be written, or the reservation finds no room
   */
  Optional<byte[]> tryWhole(ApiReplies.Content content) throws IOException {
    try {
      content.writeTo(this);
      return Optional.of(bytes.toByteArray());
    } catch (FullException e) {
      return Optional.empty();
    }
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] from, int offset, int length) throws IOException {
    if (length > max - bytes.size()) {
      throw new FullException(max);
    }
    while (bytes.size() + length > reserved) {
      reservation.grow((long) HEAP_PER_BYTE * STEP);
      reserved += STEP;
    }
    bytes.write(from, offset, length);
  }
}
