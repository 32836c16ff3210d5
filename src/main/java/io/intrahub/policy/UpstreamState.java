package io.intrahub.policy;

/** Whether upstream can be asked, as far as the mirror knows. */
public enum UpstreamState {
  /** Nothing is known that speaks against asking. */
  REACHABLE,
  /** It answers, but allows so few more calls that none is made ahead of time. */
  SAVING,
  /** It answers, but allows next to no more calls: what is stored is served, even if it is old. */
  LIMITED,
  /** Recent calls failed and probes are under way; asking now would only cost the client time. */
  DOWN,
  /** The operator chose {@code mode: offline}. */
  OFFLINE;

  /** Whether a call may be made although something stored could be served, if it is old. */
  public boolean mayRefresh() {
    return this == REACHABLE || this == SAVING;
  }

  /** Whether it answers, as far as is known. */
  public boolean isReachable() {
    return this != DOWN && this != OFFLINE;
  }
}
