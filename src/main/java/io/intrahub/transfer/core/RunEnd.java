package io.intrahub.transfer.core;

import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;

/** How a run ended. */
public sealed interface RunEnd {
  /** It has what it was to fetch, or was told to stop. */
  record Done() implements RunEnd {}

  /** It could not be opened, or broke. */
  record Failed(UpstreamFailure failure) implements RunEnd {}

  /** The Hub refuses the one in whose name it ran. */
  record Refused(HubRefusal refusal) implements RunEnd {}
}
