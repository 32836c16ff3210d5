package io.intrahub.transfer.passthrough;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.HoldBack;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;

/**
 * Content that goes from upstream to one client and is not kept: what the store can't take, and
 * what nothing proves that it may be kept. A response that completes the content for its client is
 * hashed, and its end waits for the digest. For a response that begins in the middle, the whole
 * content is read, and what lies before is only hashed. A part in the middle of a large content is
 * on upstream's word.
 */
public final class PassThrough {
  private PassThrough() {}

  /**
   * Opens a span of a content.
   *
   * @param completing whether the client takes the content for complete with it
   */
  public static UpstreamResult<OpenedContent> open(
      BlobSource source, BlobId blob, ByteRange.Span span, boolean completing) {
    boolean small = HoldBack.isSmall(blob.size());
    if (!isChecked(blob, span, completing)) {
      return ranged(source, span);
    }
    return source
        .open(ByteRange.Span.all(blob.size()))
        .flatMap(opened -> {
          HashedStream stream = new HashedStream(source, opened.stream(), blob, span);
          return small ? primed(stream) : ready(stream, true);
        });
  }

  /** Whether the digest of the whole content is looked at before this span of it is complete. */
  static boolean isChecked(BlobId blob, ByteRange.Span span, boolean completing) {
    boolean whole = span.offset() == 0 && span.end() == blob.size();
    return whole || completing || HoldBack.isSmall(blob.size());
  }

  private static UpstreamResult<OpenedContent> ranged(BlobSource source, ByteRange.Span span) {
    return source.open(span).flatMap(opened -> ready(new DirectStream(opened.stream()), false));
  }

  /** A small content is checked before the head of the response goes out. */
  private static UpstreamResult<OpenedContent> primed(HashedStream stream) {
    try {
      stream.prime();
      return ready(stream, true);
    } catch (IOException e) {
      stream.close();
      return new UpstreamResult.Failed<>(
          new UpstreamFailure(
              UpstreamFailure.Kind.UNEXPECTED_ANSWER, String.valueOf(e.getMessage())));
    }
  }

  private static UpstreamResult<OpenedContent> ready(ContentStream stream, boolean verified) {
    return new UpstreamResult.Value<>(
        new OpenedContent(stream, OpenedContent.Origin.UPSTREAM, verified));
  }

  /**
   * Goes on in the middle of a response whose bytes before {@code rest} came from elsewhere. A
   * completing response reads the content from its beginning again, because only so can its end be
   * checked.
   *
   * @param observer sees what a completing response reads again, to compare it with what was sent
   */
  static UpstreamResult<ContentStream> resume(
      BlobSource source,
      BlobId blob,
      ByteRange.Span rest,
      boolean completing,
      HashedStream.ReplayObserver observer) {
    if (!completing) {
      return source.open(rest).map(opened -> new DirectStream(opened.stream()));
    }
    return source
        .open(ByteRange.Span.all(blob.size()))
        .map(opened -> new HashedStream(source, opened.stream(), blob, rest, observer));
  }
}
