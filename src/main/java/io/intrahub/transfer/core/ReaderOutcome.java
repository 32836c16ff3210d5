package io.intrahub.transfer.core;

import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;

/** Whether a reader goes on, and if not, why. */
public sealed interface ReaderOutcome {
  /** It reads. */
  record Reading() implements ReaderOutcome {}

  /** What it waits for can't be had from upstream now. */
  record Failed(UpstreamFailure failure) implements ReaderOutcome {}

  /** The Hub refuses it the content. */
  record Refused(HubRefusal refusal) implements ReaderOutcome {}

  /** The content is not the announced one, or what it has read of it need not be the rest's. */
  record Wrong() implements ReaderOutcome {}

  /** The store can't take more. Upstream is well, so the reader may go on without the store. */
  record StoreFailed() implements ReaderOutcome {}
}
