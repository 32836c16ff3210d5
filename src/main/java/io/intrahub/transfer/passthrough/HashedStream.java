package io.intrahub.transfer.passthrough;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.HoldBack;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole content from upstream, hashed as it passes; its last bytes wait for the digest. A span of
 * it is delivered; what lies before the span is read for the hash only.
 *
 * <p>A connection that breaks is made anew at the same byte.
 */
public final class HashedStream implements ContentStream {
  private static final Logger log = LoggerFactory.getLogger(HashedStream.class);
  private static final int RECONNECTS = 5;

  /** Told of the bytes before the span, in order. */
  public interface ReplayObserver {
    /**
     * These bytes passed.
     *
     * @throws IOException when they are not what they should be
     */
    void onBytes(long offset, ByteBuffer bytes) throws IOException;
  }

  private final BlobSource source;
  private final BlobId blob;
  private final ReplayObserver observer;
  private final MessageDigest hash;
  private final long start;
  private final long end;
  private final long heldFrom;
  private BlobSource.Stream stream;

  /** Number of bytes hashed. */
  private long hashed;

  /** Offset of the next byte to deliver. */
  private long position;

  /** The end of the content, once it is verified; holds the bytes from {@code heldFrom}. */
  private @Nullable ByteBuffer tail;

  private int reconnects;

  HashedStream(BlobSource source, BlobSource.Stream stream, BlobId blob, ByteRange.Span span) {
    this(source, stream, blob, span, (offset, bytes) -> {});
  }

  HashedStream(
      BlobSource source,
      BlobSource.Stream stream,
      BlobId blob,
      ByteRange.Span span,
      ReplayObserver observer) {
    this.observer = observer;
    this.source = source;
    this.stream = stream;
    this.blob = blob;
    this.hash = blob.digest().newHash(blob.size());
    this.start = span.offset();
    this.position = start;
    this.end = span.end();
    this.heldFrom = HoldBack.start(blob.size());
  }

  /** What lies before the span may take long to read; the client sees no byte of it. */
  @Override
  public boolean isAwaited() {
    return start > 0 && tail == null;
  }

  /** Reads and checks what would be held back; for a small content that is all of it. */
  void prime() throws IOException {
    verifiedTail();
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (position >= end) {
      return -1;
    }
    skipTo(Math.min(position, heldFrom));
    if (position < heldFrom) {
      int oldLimit = into.limit();
      long most = Math.min(end, heldFrom) - position;
      if (into.remaining() > most) {
        into.limit(into.position() + (int) most);
      }
      try {
        int read = readAndHash(into);
        position += read;
        return read;
      } finally {
        into.limit(oldLimit);
      }
    }
    ByteBuffer rest = verifiedTail().duplicate();
    rest.position((int) (position - heldFrom)).limit((int) (end - heldFrom));
    int count = Math.min(rest.remaining(), into.remaining());
    rest.limit(rest.position() + count);
    into.put(rest);
    position += count;
    return count;
  }

  private ByteBuffer verifiedTail() throws IOException {
    ByteBuffer known = tail;
    if (known != null) {
      return known;
    }
    skipTo(heldFrom);
    ByteBuffer read = ByteBuffer.allocate((int) (blob.size() - heldFrom));
    while (read.hasRemaining()) {
      readAndHash(read);
    }
    if (!HexFormat.of().formatHex(hash.digest()).equals(blob.digest().hex())) {
      // Before the source hears of it: a connection that is still in use would be used again.
      stream.close();
      source.reportWrongContent();
      throw new IOException("its content does not have the announced digest");
    }
    read.flip();
    if (start > heldFrom) {
      // Held bytes may have gone out one by one while their client waited for the digest.
      observer.onBytes(heldFrom, read.duplicate().limit((int) (start - heldFrom)));
    }
    tail = read;
    return read;
  }

  private void skipTo(long offset) throws IOException {
    ByteBuffer waste = ByteBuffer.allocate((int) Math.min(64 * 1024, Math.max(0, offset - hashed)));
    while (hashed < offset) {
      waste.clear().limit((int) Math.min(waste.capacity(), offset - hashed));
      long from = hashed;
      readAndHash(waste);
      observer.onBytes(from, waste.flip());
    }
  }

  private int readAndHash(ByteBuffer into) throws IOException {
    int from = into.position();
    int read = readOrReconnect(into);
    ByteBuffer fresh = into.duplicate();
    fresh.position(from).limit(from + read);
    hash.update(fresh);
    hashed += read;
    return read;
  }

  private int readOrReconnect(ByteBuffer into) throws IOException {
    int from = into.position();
    while (true) {
      try {
        return stream.read(into);
      } catch (IOException e) {
        // What may have come before it failed comes again.
        into.position(from);
        stream.close();
        if (++reconnects > RECONNECTS) {
          throw e;
        }
        stream = reopen(e);
      }
    }
  }

  /** What upstream says now is why the content can't be completed, not that a connection broke. */
  private BlobSource.Stream reopen(IOException broken) throws IOException {
    UpstreamResult<BlobSource.Opened> answer;
    do {
      // With the permit: a response that has begun must not lose its turn.
      source.awaitLocal();
      answer = source.open(new ByteRange.Span(hashed, blob.size() - hashed));
    } while (answer.asFailure().filter(source::mayOpenLater).isPresent());
    return switch (answer) {
      case UpstreamResult.Value(var opened) -> opened.stream();
      case UpstreamResult.Refused(var refusal) ->
          throw new IOException(
              "the connection broke, and upstream refused the rest with "
                  + refusal.error().status(),
              broken);
      case UpstreamResult.Failed(var failure) ->
          throw new IOException(
              "the connection broke, and could not be made again: " + failure.reason(), broken);
    };
  }

  /** A connection that breaks while it is waited for is made anew by the read that follows. */
  @Override
  public void await() throws IOException {
    if (tail == null && position < end) {
      // Not left to the read, which would keep a buffer for as long as that takes.
      skipTo(Math.min(position, heldFrom));
      try {
        stream.await();
      } catch (IOException e) {
        log.debug("The read that follows will say so too: {}", e.toString());
      }
    }
  }

  @Override
  public void close() {
    stream.close();
  }
}
