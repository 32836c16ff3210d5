package io.intrahub.transfer;

import io.intrahub.hub.BlobId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * What one client has got of a content before it was known to be right, so that it can be checked
 * before the client gets the end. Two things could make a completed response wrong although the
 * blob was verified: bytes that ran ahead of the fill came over another connection, and after the
 * store broke the end comes over another one. For one thread at a time.
 */
final class Delivered implements HashedStream.Witness {
  private static final int BUFFER = 64 * 1024;
  private static final String WRONG = "what was delivered is not the announced content";

  private final Fill fill;
  private final BlobId blob;
  private final long start;

  /** Where the bytes that ran ahead lie; they are one run, because a reader falls behind once. */
  private long aheadFrom = Long.MAX_VALUE;

  private long aheadTo = Long.MAX_VALUE;
  private final MessageDigest ahead;

  /** The same bytes from elsewhere, and how far they were looked at. */
  private MessageDigest again;

  private long checked;

  Delivered(Fill fill, BlobId blob, long start) {
    this.fill = fill;
    this.blob = blob;
    this.start = start;
    this.ahead = newHash();
    this.again = newHash();
  }

  private MessageDigest newHash() {
    return blob.digest().newHash(blob.size());
  }

  /** The client got these bytes ahead of the fill. */
  void ranAhead(long offset, ByteBuffer bytes) {
    if (aheadFrom == Long.MAX_VALUE) {
      aheadFrom = offset;
      checked = offset;
    }
    aheadTo = offset + bytes.remaining();
    ahead.update(bytes);
  }

  /**
   * Compares what ran ahead with what the fill has, as it comes. Returns early when the fill ends
   * before.
   *
   * @throws IOException when it differs
   */
  void compareWithFill() throws IOException, InterruptedException {
    if (aheadFrom == Long.MAX_VALUE || checked == aheadTo) {
      return;
    }
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    while (checked < aheadTo) {
      fill.awaitByte(checked);
      long there = Math.min(fill.front(), aheadTo) - checked;
      if (there <= 0) {
        return;
      }
      buffer.clear().limit((int) Math.min(BUFFER, there));
      fill.read(buffer, checked);
      checked += buffer.position();
      again.update(buffer.flip());
    }
    requireSameAhead();
  }

  private void requireSameAhead() throws IOException {
    if (!MessageDigest.isEqual(ahead.digest(), again.digest())) {
      throw new IOException(WRONG);
    }
  }

  /** From now on the content is seen again from its beginning, because the store broke. */
  void seeAgain() {
    checked = aheadFrom;
    again = newHash();
  }

  @Override
  public void saw(long offset, ByteBuffer bytes) throws IOException {
    long position = offset;
    if (position < start) {
      int before = (int) Math.min(start - position, bytes.remaining());
      bytes.position(bytes.position() + before);
      position += before;
    }
    while (bytes.hasRemaining()) {
      boolean inAhead = position >= aheadFrom && position < aheadTo;
      long stop = inAhead ? aheadTo : position < aheadFrom ? aheadFrom : Long.MAX_VALUE;
      ByteBuffer part = bytes.slice();
      part.limit((int) Math.min(part.limit(), stop - position));
      int size = part.remaining();
      if (inAhead) {
        again.update(part);
        checked = position + size;
        if (checked == aheadTo) {
          requireSameAhead();
        }
      } else {
        compare(position, part);
      }
      bytes.position(bytes.position() + size);
      position += size;
    }
  }

  private void compare(long offset, ByteBuffer bytes) throws IOException {
    ByteBuffer delivered = ByteBuffer.allocate(bytes.remaining());
    while (delivered.hasRemaining()) {
      fill.read(delivered, offset + delivered.position());
    }
    if (!delivered.flip().equals(bytes)) {
      throw new IOException(WRONG);
    }
  }
}
