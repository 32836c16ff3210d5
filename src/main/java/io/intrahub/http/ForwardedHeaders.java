package io.intrahub.http;

import io.intrahub.base.AddressRanges;
import io.intrahub.hub.HeaderNames;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the {@code X-Forwarded-*} headers of trusted proxies. From any other sender they are
 * ignored, as is the header {@code Forwarded} (RFC 7239) from everybody. Immutable.
 *
 * <p>A header that can't be read is an error and not ignored: with the address of the proxy instead
 * of the client's, a request would get the proxy's rights, and with the wrong scheme or host a link
 * would lead astray without anybody being told why.
 */
final class ForwardedHeaders {
  /** An address, possibly with the port from which the client connected to the proxy. */
  private static final Pattern HOP =
      Pattern.compile(
          "(?<four>[0-9.]{7,15})(?::\\d{1,5})?"
              + "|\\[(?<six>[0-9A-Fa-f:.]{2,45})\\](?::\\d{1,5})?"
              + "|(?<bare>[0-9A-Fa-f:.]{2,45})");

  /** Without characters that mean something in a header, in a URL before the path, or in HTML. */
  private static final Pattern HOST =
      Pattern.compile(
          "(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,252}|\\[(?<six>[0-9A-Fa-f:.]{2,45})\\])"
              + "(?::(?<port>\\d{1,5}))?");

  private static final Pattern PREFIX = Pattern.compile("(?:/[A-Za-z0-9._~-]{1,100}){1,10}");
  private static final Pattern DOT_SEGMENT = Pattern.compile("/\\.\\.?(?:/|$)");
  private static final int MAX_PORT = 65_535;

  private final AddressRanges trusted;

  ForwardedHeaders(AddressRanges trusted) {
    this.trusted = trusted;
  }

  /** What the headers say. */
  sealed interface Reading {
    /** They are absent, not believed, or in order. */
    record Read(ForwardedRequest request) implements Reading {}

    /**
     * A trusted proxy sent a header that can't be used.
     *
     * @param why a sentence for the client and the operator
     */
    record Malformed(String why) implements Reading {}
  }

  /**
   * Reads the headers of a request.
   *
   * @param peer the other end of the connection
   * @param values returns the values of all header fields with a name, in order
   */
  Reading read(InetAddress peer, Function<String, List<String>> values) {
    if (!trusted.contains(peer)) {
      return new Reading.Read(ForwardedRequest.direct(peer));
    }
    try {
      return new Reading.Read(
          new ForwardedRequest(
              client(peer, values.apply(HeaderNames.X_FORWARDED_FOR)),
              only(values, HeaderNames.X_FORWARDED_PROTO).map(ForwardedHeaders::scheme),
              only(values, HeaderNames.X_FORWARDED_HOST).map(ForwardedHeaders::host),
              only(values, HeaderNames.X_FORWARDED_PREFIX)
                  .map(ForwardedHeaders::prefix)
                  .orElse("")));
    } catch (MalformedException e) {
      return new Reading.Malformed(
          "The proxy in front of this mirror sent a header "
              + e.header
              + " that "
              + e.problem
              + ". It must set this header itself, whatever its client sent.");
    }
  }

  /**
   * Returns whether a text is a host as in the header {@code Host}: a name or an address, IPv6 in
   * brackets, with or without a port.
   */
  static boolean isHost(String text) {
    Matcher form = HOST.matcher(text);
    if (!form.matches()) {
      return false;
    }
    String six = form.group("six");
    String port = form.group("port");
    return (six == null || AddressRanges.address(six).isPresent())
        && (port == null || Integer.parseInt(port) <= MAX_PORT);
  }

  /**
   * Returns the right-most address that is not a trusted proxy's. Only what trusted proxies
   * appended is read; a client can make up all that precedes it.
   */
  private InetAddress client(InetAddress peer, List<String> values) {
    InetAddress client = peer;
    for (String value : values.reversed()) {
      int end = value.length();
      while (end >= 0) {
        int comma = value.lastIndexOf(',', end - 1);
        String hop = value.substring(comma + 1, end).strip();
        end = comma;
        // RFC 9110 section 5.6.1 allows empty elements in a list.
        if (!hop.isEmpty()) {
          client = address(hop);
          if (!trusted.contains(client)) {
            return client;
          }
        }
      }
    }
    return client;
  }

  private static InetAddress address(String hop) {
    Matcher form = HOP.matcher(hop);
    Optional<InetAddress> address = Optional.empty();
    if (form.matches()) {
      String four = form.group("four");
      String six = form.group("six");
      address = AddressRanges.address(four != null ? four : six != null ? six : form.group("bare"));
    }
    return address.orElseThrow(() ->
        new MalformedException(
            HeaderNames.X_FORWARDED_FOR, "has something else in place of the client's address"));
  }

  /** The only value of a header. Of several, nobody can tell which one the proxy wrote. */
  private static Optional<String> only(Function<String, List<String>> values, String header) {
    List<String> all = values.apply(header);
    if (all.size() > 1 || (all.size() == 1 && all.getFirst().indexOf(',') >= 0)) {
      throw new MalformedException(header, "has several values");
    }
    return all.stream().map(String::strip).filter(v -> !v.isEmpty()).findFirst();
  }

  private static String scheme(String value) {
    String scheme = value.toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw new MalformedException(HeaderNames.X_FORWARDED_PROTO, "is neither http nor https");
    }
    return scheme;
  }

  private static String host(String value) {
    if (!isHost(value)) {
      throw new MalformedException(
          HeaderNames.X_FORWARDED_HOST, "is not a host name or address with an optional port");
    }
    return value;
  }

  private static String prefix(String value) {
    String prefix = value.endsWith("/") ? value.substring(0, value.length() - 1) : value;
    if (!prefix.isEmpty()
        && (!PREFIX.matcher(prefix).matches() || DOT_SEGMENT.matcher(prefix).find())) {
      throw new MalformedException(
          HeaderNames.X_FORWARDED_PREFIX, "is not a path such as /hub, of unreserved characters");
    }
    return prefix;
  }

  /** A header that can't be used. Never leaves this class. */
  private static final class MalformedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String header;
    private final String problem;

    MalformedException(String header, String problem) {
      super(header, null, false, false);
      this.header = header;
      this.problem = problem;
    }
  }
}
