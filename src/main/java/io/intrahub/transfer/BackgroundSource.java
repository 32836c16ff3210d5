package io.intrahub.transfer;

import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.ForwardingBlobSource;

/**
 * A source whose bytes no client waits for.
 *
 * @param source where they come from
 */
record BackgroundSource(BlobSource source) implements ForwardingBlobSource {
  @Override
  public boolean isBackground() {
    return true;
  }

  /** For the operator, like that of the source. */
  @Override
  public String toString() {
    return source.toString();
  }
}
