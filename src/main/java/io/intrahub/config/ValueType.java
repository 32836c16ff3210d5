package io.intrahub.config;

import io.intrahub.base.AddressRanges;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The type of an option, and how its value is written. */
public enum ValueType {
  /** A host name or an IP address; a {@code String}. */
  HOST("HOST", "a host name or an address, without a port"),
  /** A whole number; an {@code int}. */
  NUMBER("NUMBER", "a whole number"),
  /** A folder; a {@code Path}. */
  FOLDER("FOLDER", "the path of a folder, without ~"),
  /** A file; a {@code Path}. */
  FILE("FILE", "the path of a file, without ~"),
  /** Bytes; a {@link DataSize}. */
  SIZE("SIZE", "a size such as 64MiB, 10GB or plain bytes"),
  /** A time span; a {@code Duration}. */
  DURATION("DURATION", "a duration such as 200ms, 10s, 5m, 1h or 7d"),
  /** One of several words; an enum. */
  CHOICE("WORD", "one of these words"),
  /** A server of upstream; an {@link EndpointOptions}. */
  ENDPOINT(
      "URL",
      "an address such as https://hub.example, without user, query or fragment other than"
          + " #send-tokens"),
  /** A {@link ProxyChoice}. */
  PROXY(
      "PROXY", "environment, none, or an address such as http://user:password@proxy.example:3128"),
  /** Servers that {@code NO_PROXY} may name; a {@code String}. */
  SERVERS(
      "SERVERS",
      "*, a host such as hub.example or .example, an address or a network, without http://"),
  /** IP addresses in CIDR notation; a {@code String}. */
  NETWORK("NETWORK", "an IP address, or a network such as 10.0.0.0/8"),
  /** A token; a {@link Secret}. */
  SECRET("TOKEN", "a token: visible ASCII characters without spaces"),
  /** A {@link RuleOptions}, which only the file can express; see {@link YamlRules}. */
  RULE("RULE", "a list of rules, which only the YAML file can express");

  private static final Pattern HOST_FORM = Pattern.compile("[\\w.:%\\[\\]-]+");
  private static final Pattern DURATION_FORM = Pattern.compile("(\\d{1,12}) ?(ms|s|m|h|d)");
  private static final Pattern SERVERS_FORM =
      Pattern.compile("[^\\s/?#@\\[\\]]+(?:/\\d{1,3})?|\\[[0-9a-fA-F:.]+\\](?::\\d{1,5})?");
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(?:[^@:\\[\\]]+|\\[[^@\\[\\]]+\\])(?::(\\d{1,5}))?");

  /** Ten years. A longer duration is a mistake and could overflow when converted to nanoseconds. */
  private static final Duration LONGEST = Duration.ofDays(3650);

  private final String label;
  private final String phrase;

  ValueType(String label, String phrase) {
    this.label = label;
    this.phrase = phrase;
  }

  /** The placeholder for a value in the usage of a command, for example {@code DURATION}. */
  public String label() {
    return label;
  }

  /** Describes a valid value, as part of a sentence. */
  String phrase() {
    return phrase;
  }

  /**
   * Reads a value.
   *
   * @param text without white space around it
   * @param target the class of the value; used only for {@link #CHOICE}
   * @return empty if the text is not a value of this type
   */
  Optional<Object> parse(String text, Class<?> target) {
    return switch (this) {
      case HOST -> host(text).map(Object.class::cast);
      case NUMBER -> number(text).map(Object.class::cast);
      case FOLDER, FILE -> folder(text).map(Object.class::cast);
      case SIZE -> DataSize.parse(text).map(Object.class::cast);
      case DURATION -> parseDuration(text).map(Object.class::cast);
      case CHOICE -> choice(text, target);
      case ENDPOINT -> EndpointOptions.parse(text).map(Object.class::cast);
      case PROXY -> ProxyChoice.parse(text).map(Object.class::cast);
      case NETWORK -> AddressRanges.parse(text).map(_ -> text);
      case SECRET -> Secret.parse(text).map(Object.class::cast);
      case RULE -> Optional.empty();
      case SERVERS -> SERVERS_FORM.matcher(text).matches() ? Optional.of(text) : Optional.empty();
    };
  }

  /** Returns the value as a number, to compare values of one type; 0 if it has no magnitude. */
  static long magnitude(Object value) {
    return switch (value) {
      case Integer number -> number;
      case DataSize size -> size.bytes();
      case Duration duration -> duration.toMillis();
      default -> 0;
    };
  }

  /** A word of a choice, as it is written. */
  static String word(Object constant) {
    return constant.toString().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static Optional<String> host(String text) {
    // One colon separates a port; an IPv6 address has two or more.
    boolean port = text.indexOf(':') >= 0 && text.indexOf(':') == text.lastIndexOf(':');
    return HOST_FORM.matcher(text).matches() && !port ? Optional.of(text) : Optional.empty();
  }

  private static Optional<Integer> number(String text) {
    return text.matches("\\d{1,9}") ? Optional.of(Integer.valueOf(text)) : Optional.empty();
  }

  private static Optional<Path> folder(String text) {
    // Only a shell expands ~; taken literally, it names a folder that nobody would look for.
    if (text.isEmpty() || text.startsWith("~")) {
      return Optional.empty();
    }
    try {
      return Optional.of(Path.of(text));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  /** Reads a duration such as {@code 90d}; empty if it has another form or is too long. */
  public static Optional<Duration> parseDuration(String text) {
    Matcher form = DURATION_FORM.matcher(text);
    if (!form.matches()) {
      return Optional.empty();
    }
    long count = Long.parseLong(form.group(1));
    Duration duration =
        switch (form.group(2)) {
          case "ms" -> Duration.ofMillis(count);
          case "s" -> Duration.ofSeconds(count);
          case "m" -> Duration.ofMinutes(count);
          case "h" -> Duration.ofHours(count);
          default -> Duration.ofDays(count);
        };
    return duration.compareTo(LONGEST) > 0 ? Optional.empty() : Optional.of(duration);
  }

  private static Optional<Object> choice(String text, Class<?> target) {
    for (Object constant : target.getEnumConstants()) {
      if (word(constant).equals(text)) {
        return Optional.of(constant);
      }
    }
    return Optional.empty();
  }

  /** Reads the address of a server; empty if it is none of http or https. */
  static Optional<URI> address(String text) {
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
    boolean http = "http".equalsIgnoreCase(uri.getScheme());
    boolean https = "https".equalsIgnoreCase(uri.getScheme());
    boolean plain = uri.getRawQuery() == null && uri.getRawFragment() == null;
    // Not getHost: it is null for names with an underscore, which container networks have.
    String authority = uri.getRawAuthority();
    return (http || https) && plain && authority != null && isHostAndPort(authority)
        ? Optional.of(uri)
        : Optional.empty();
  }

  private static boolean isHostAndPort(String text) {
    Matcher form = HOST_AND_PORT.matcher(text);
    if (!form.matches()) {
      return false;
    }
    String port = form.group(1);
    return port == null || Integer.parseInt(port) <= 65_535;
  }
}
