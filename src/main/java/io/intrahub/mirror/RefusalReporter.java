package io.intrahub.mirror;

import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.ForwardingBlobSource;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamResult;
import java.util.function.Consumer;

/**
 * A source that reports when the Hub refuses the repo, also in the middle of a transfer: then the
 * grant under which it was opened ends, and not only the transfer. Safe for use by many threads.
 *
 * @param source the source that is watched
 * @param listener told of each refusal of the repo
 */
record RefusalReporter(BlobSource source, Consumer<HubRefusal> listener)
    implements ForwardingBlobSource {
  @Override
  public UpstreamResult<Opened> open(ByteRange.Span span) {
    return reported(source.open(span));
  }

  @Override
  public UpstreamResult<Opened> openUnlessLimited(ByteRange.Span span) {
    return reported(source.openUnlessLimited(span));
  }

  private UpstreamResult<Opened> reported(UpstreamResult<Opened> opening) {
    if (opening instanceof UpstreamResult.Refused(var refusal) && refusal.isOfRepo()) {
      listener.accept(refusal);
    }
    return opening;
  }

  /** For the operator, like that of the source. */
  @Override
  public String toString() {
    return source.toString();
  }
}
