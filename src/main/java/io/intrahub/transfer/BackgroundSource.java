package io.intrahub.transfer;

import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;

/**
 * A source whose bytes no client waits for.
 *
 * @param source where they come from
 */
record BackgroundSource(BlobSource source) implements BlobSource {
  @Override
  public UpstreamResult<Opened> open(ByteRange.Span span) {
    return source.open(span);
  }

  @Override
  public UpstreamResult<Opened> openUnlessLimited(ByteRange.Span span) {
    return source.openUnlessLimited(span);
  }

  @Override
  public void awaitLocal() {
    source.awaitLocal();
  }

  @Override
  public boolean mayOpenLater(UpstreamFailure failure) {
    return source.mayOpenLater(failure);
  }

  @Override
  public Object sponsor() {
    return source.sponsor();
  }

  @Override
  public boolean outlivesRequest() {
    return source.outlivesRequest();
  }

  @Override
  public boolean isBackground() {
    return true;
  }

  @Override
  public String host() {
    return source.host();
  }

  @Override
  public void reportWrongContent() {
    source.reportWrongContent();
  }

  /** For the operator, like that of the source. */
  @Override
  public String toString() {
    return source.toString();
  }
}
