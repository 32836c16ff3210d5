package io.intrahub.upstream;

import io.intrahub.hub.ByteRange;

/**
 * A source that does as another one in all that its class does not change. Whatever is added to
 * {@link BlobSource} with a default has to be forwarded here, or sources lose it when wrapped.
 */
public interface ForwardingBlobSource extends BlobSource {
  /** The source behind this one. */
  BlobSource source();

  @Override
  default UpstreamResult<Opened> open(ByteRange.Span span) {
    return source().open(span);
  }

  @Override
  default UpstreamResult<Opened> openUnlessLimited(ByteRange.Span span) {
    return source().openUnlessLimited(span);
  }

  @Override
  default void awaitLocal() {
    source().awaitLocal();
  }

  @Override
  default boolean mayOpenLater(UpstreamFailure failure) {
    return source().mayOpenLater(failure);
  }

  @Override
  default Object sponsor() {
    return source().sponsor();
  }

  @Override
  default boolean outlivesRequest() {
    return source().outlivesRequest();
  }

  @Override
  default boolean isBackground() {
    return source().isBackground();
  }

  @Override
  default String host() {
    return source().host();
  }

  @Override
  default void reportWrongContent() {
    source().reportWrongContent();
  }
}
