package io.intrahub.upstream;

/** Whether upstream can be asked, as far as is known. */
public enum UpstreamState {
  /** As far as is known it answers. */
  REACHABLE,
  /** It failed lately and is being probed: asking now would only cost the client its time. */
  DOWN,
  /** The operator switched it off. */
  OFFLINE
}
