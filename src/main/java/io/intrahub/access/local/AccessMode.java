package io.intrahub.access.local;

/** With whose token the mirror asks the Hub about repos that are not public. */
public enum AccessMode {
  /** With the client's own token, so that each client may read what the Hub lets it read. */
  PASSTHROUGH,
  /** With the mirror's own token, for the clients that {@link AccessRules} admit. */
  SERVICE,
  /** With none: only public repos are served, and tokens of clients are ignored. */
  PUBLIC_ONLY
}
