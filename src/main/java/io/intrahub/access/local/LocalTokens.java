package io.intrahub.access.local;

/** Recognises local tokens. Implemented by the store; safe for use by many threads. */
public interface LocalTokens {
  /** Returns what the token with this hash is now. Never throws, and never waits for long. */
  LocalCredential identify(TokenHash hash);
}
