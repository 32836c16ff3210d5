package io.intrahub.hostile;

import java.util.List;

/**
 * What one client sends on one connection before an ordinary request.
 *
 * @param name for a person
 * @param bytes in ISO-8859-1
 * @param methods of the requests in it, as a strict reader counts them; one answer for each at most
 * @param end what the client does and what it may expect
 */
record WireRow(String name, String bytes, List<String> methods, End end) {
  enum End {
    /** The requests may be refused; then the connection may be closed. */
    MAY_CLOSE,
    /** Nothing is wrong with them: each must be answered, and so must what follows. */
    ALL_ANSWERED,
    /**
     * Nobody could say where they end, so the client closes its side; whoever waits for more may
     * take what follows for a part of them.
     */
    UNFINISHED,
    /**
     * As HTTP/0.9, which names no version, it is answered by a body alone that ends with the
     * connection. The mirror refuses it; a proxy may not.
     */
    NO_VERSION
  }

  static WireRow row(String name, String bytes) {
    String method = bytes.strip().startsWith("HEAD ") ? "HEAD" : "GET";
    return new WireRow(name, bytes, List.of(method), End.MAY_CLOSE);
  }

  static WireRow unfinished(String name, String bytes) {
    return new WireRow(name, bytes, List.of("GET"), End.UNFINISHED);
  }

  static WireRow noVersion(String name, String bytes) {
    return new WireRow(name, bytes, List.of("GET"), End.NO_VERSION);
  }

  static WireRow answered(String name, String bytes, String... methods) {
    return new WireRow(name, bytes, List.of(methods), End.ALL_ANSWERED);
  }

  @Override
  public String toString() {
    return name;
  }
}
