package io.intrahub.store.fs.tokens;

/** The file of local tokens is not one that this version can read. The message says why. */
public final class DamagedTokensException extends Exception {
  private static final long serialVersionUID = 1L;

  DamagedTokensException(String reason) {
    super(reason);
  }

  DamagedTokensException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
