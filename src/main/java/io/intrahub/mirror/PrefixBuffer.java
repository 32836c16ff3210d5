package io.intrahub.mirror;

import io.intrahub.base.MemoryBudget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/** Takes the first bytes of a body, and stops whoever writes more. For one thread. */
final class PrefixBuffer extends OutputStream {
  /** Bytes that are taken. */
  static final int MAX = 64 * 1024;

  private static final int STEP = 16 * 1024;

  /** Heap for each byte: in the stream, which doubles, and in the array that it gives. */
  private static final int HEAP_PER_BYTE = 3;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final MemoryBudget.Reservation reservation;
  private int reserved;

  /** With the reservation that grows with what is taken. */
  PrefixBuffer(MemoryBudget.Reservation reservation) {
    this.reservation = reservation;
  }

  /** There is more than was room for. */
  private static final class FullException extends IOException {
    private static final long serialVersionUID = 1L;

    FullException() {
      super("longer than " + MAX + " bytes");
    }
  }

  /**
   * Has a content written.
   *
   * @return all of it, or empty when there is more than {@link #MAX} bytes
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
    if (length > MAX - bytes.size()) {
      throw new FullException();
    }
    while (bytes.size() + length > reserved) {
      reservation.grow((long) HEAP_PER_BYTE * STEP);
      reserved += STEP;
    }
    bytes.write(from, offset, length);
  }
}
