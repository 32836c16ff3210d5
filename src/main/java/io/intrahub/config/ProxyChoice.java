package io.intrahub.config;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The proxy through which the mirror reaches upstream. */
public sealed interface ProxyChoice {
  /** The proxy that {@code HTTPS_PROXY} and similar variables name, if any. */
  record FromEnvironment() implements ProxyChoice {}

  /** No proxy; the environment is ignored. */
  record None() implements ProxyChoice {}

  /**
   * A given proxy.
   *
   * @param tls whether the proxy itself is reached over TLS
   * @param host its name or address, IPv6 without brackets
   * @param port 1 to 65535
   * @param login the credentials for the proxy, if any
   */
  record Address(boolean tls, String host, int port, Optional<Login> login) implements ProxyChoice {
    // A password may contain an unencoded @; the last @ ends it.
    private static final Pattern FORM =
        Pattern.compile(
            "(?:(?<scheme>https?)://|(?!\\w+://))(?:(?<login>.*)@)?"
                + "(?<host>[^@:/?#\\[\\]\\s]+|\\[[0-9a-fA-F:.]+\\])(?::(?<port>\\d{1,5}))?/?",
            Pattern.CASE_INSENSITIVE);

    /**
     * Reads {@code http://user:password@proxy.example:3128}. User and password are percent-decoded.
     * As in other programs, {@code http://} and the port are optional; the default port is that of
     * the scheme.
     *
     * @return empty if the text is not the address of a proxy
     */
    public static Optional<Address> parse(String text) {
      Matcher form = FORM.matcher(text.strip());
      if (!form.matches()) {
        return Optional.empty();
      }
      boolean tls = "https".equalsIgnoreCase(form.group("scheme"));
      int port = form.group("port") == null ? tls ? 443 : 80 : Integer.parseInt(form.group("port"));
      String host = form.group("host").replaceAll("[\\[\\]]", "");
      Optional<Login> login = Optional.ofNullable(form.group("login")).flatMap(Login::parse);
      boolean badLogin = form.group("login") != null && login.isEmpty();
      return port < 1 || port > 65_535 || badLogin
          ? Optional.empty()
          : Optional.of(new Address(tls, host, port, login));
    }
  }

  /** A user and a password; never printed. */
  record Login(String user, String password) {
    private static Optional<Login> parse(String text) {
      int colon = text.indexOf(':');
      try {
        return Optional.of(
            colon < 0
                ? new Login(decode(text), "")
                : new Login(decode(text.substring(0, colon)), decode(text.substring(colon + 1))));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }

    private static String decode(String text) {
      // URLDecoder decodes forms, where a plus means a space.
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return "(user and password)";
    }
  }

  /** Reads the value of the option: {@code environment}, {@code none} or an address. */
  static Optional<ProxyChoice> parse(String text) {
    return switch (text) {
      case "environment" -> Optional.of(new FromEnvironment());
      case "none" -> Optional.of(new None());
      default -> Address.parse(text).map(ProxyChoice.class::cast);
    };
  }
}
