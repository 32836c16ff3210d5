package io.intrahub.transfer.core;

import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;

/** Whether a reader goes on, and if not, why. */
public sealed interface Fate {
  /** It reads. */
  record Reading() implements Fate {}

  /** What it waits for can't be had from upstream now. */
  record Failed(UpstreamFailure failure) implements Fate {}

  /** The Hub refuses it the content. */
  record Refused(FirstHop.Refusal refusal) implements Fate {}

  /** The content is not the announced one, or what it has read of it need not be the rest's. */
  record Wrong() implements Fate {}

  /** The store can't take more. Upstream is well, so the reader may go on without the store. */
  record StoreBroke() implements Fate {}
}
