package io.intrahub.transfer.content;

import io.intrahub.hub.BlobId;
import io.intrahub.upstream.UpstreamResult;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/** A content of no bytes. */
public final class EmptyStream implements ContentStream {
  /**
   * Nothing has to be fetched to know an empty content; its digest still has to be the right one.
   */
  public static UpstreamResult<OpenedContent> open(BlobId blob) {
    String digest = HexFormat.of().formatHex(blob.digest().newHash(0).digest());
    return digest.equals(blob.digest().hex())
        ? new UpstreamResult.Value<>(
            new OpenedContent(new EmptyStream(), OpenedContent.Origin.STORE, true))
        : new UpstreamResult.Failed<>(ContentFailures.NOT_EMPTY);
  }

  @Override
  public int read(ByteBuffer into) {
    return -1;
  }

  @Override
  public void await() {}

  @Override
  public void close() {}
}
