package io.intrahub.upstream.net;

import java.io.IOException;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Tells failures of a call for which the mirror lacks a resource of its own from failures of
 * upstream. Clients can use up file descriptors, and must not make the Hub look unreachable by it:
 * grants that have run out would count again. The JDK says which it is in the message only.
 */
public final class ResourceExhaustion {
  /** For a person. */
  public static final String REASON =
      "the system has no file descriptor or port left for a connection";

  /**
   * The texts for EMFILE and ENFILE, for a connection without a free local port, and for a socket
   * without memory in the kernel.
   */
  private static final List<String> MESSAGES =
      List.of(
          "Too many open files",
          "Cannot assign requested address",
          "Address not available",
          "No buffer space available",
          "Cannot allocate memory");

  private static final int MAX_DEPTH = 10;

  private ResourceExhaustion() {}

  /** Whether the exception, one of its causes, or one that was suppressed for it says so. */
  public static boolean isIn(IOException e) {
    return isIn(e, 0);
  }

  private static boolean isIn(Throwable t, int depth) {
    if (depth == MAX_DEPTH) {
      return false;
    }
    if (saysSo(t)) {
      return true;
    }
    for (Throwable other : t.getSuppressed()) {
      if (isIn(other, depth + 1)) {
        return true;
      }
    }
    Throwable cause = t.getCause();
    return cause != null && isIn(cause, depth + 1);
  }

  private static boolean saysSo(Throwable t) {
    String text = t.getMessage();
    if (!(t instanceof IOException) || text == null) {
      return false;
    }
    // The resolver of the C library could not open a socket or a file. A name server that can't be
    // reached has another text.
    boolean resolver = t instanceof UnknownHostException && text.endsWith(": System error");
    return resolver || MESSAGES.stream().anyMatch(text::contains);
  }
}
