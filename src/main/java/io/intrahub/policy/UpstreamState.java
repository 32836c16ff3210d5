package io.intrahub.policy;

/** Whether upstream can be asked, as far as the mirror knows. */
public enum UpstreamState {
  /** Nothing is known that speaks against asking. */
  REACHABLE,
  /** Recent calls failed and probes are under way; asking now would only cost the client time. */
  DOWN,
  /** The operator chose {@code mode: offline}. */
  OFFLINE
}
