package io.intrahub.upstream.hub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.Headers;

/**
 * Reads what an answer says about how many more calls are allowed, in the Hub's form and in those
 * of draft-ietf-httpapi-ratelimit-headers, of which servers use several versions:
 *
 * <pre>
 * RateLimit: "api";r=489;t=271                     RateLimit-Policy: "fixed window";"api";q=500;w=300
 * RateLimit: "default";r=50;t=30                   RateLimit-Policy: "default";q=100;w=60
 * RateLimit: limit=100, remaining=50, reset=30     RateLimit-Policy: 100;w=60
 * RateLimit-Limit: 100    RateLimit-Remaining: 50    RateLimit-Reset: 30
 * </pre>
 *
 * <p>What can't be read is left out. Has no state.
 */
public final class RateLimitHeaders {
  /** A header longer than this is not the work of a server that limits rates. */
  private static final int MAX_LENGTH = 1_000;

  private static final Pattern QUOTED = Pattern.compile("\"([^\"]*)\"");

  private static final Pattern PARAMETER =
      Pattern.compile("(?<![a-z0-9*_-])([a-z]+)\\s*=\\s*(\\d{1,9})(?![\\d.])");

  /** At a comma that is outside of quotes: an even number of them follows. */
  private static final Pattern COMMA = Pattern.compile(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)");

  private RateLimitHeaders() {}

  /**
   * One limit.
   *
   * @param name that the server gives it; empty if it has none
   * @param limit calls of a whole window; 0 if it is not said
   * @param left calls that are left
   * @param resets until the window ends
   * @param window how long a window lasts; zero if it is not said
   */
  public record Said(String name, long limit, long left, Duration resets, Duration window) {}

  /** The limits that these headers name, in their order. */
  static List<Said> read(Headers headers) {
    return read(headers::values);
  }

  /**
   * The limits that the headers of an answer name, in their order.
   *
   * @param headers returns the values of the header with a name, none if the answer lacks it
   */
  public static List<Said> read(Function<String, List<String>> headers) {
    Optional<String> limits = header(headers, "RateLimit");
    if (limits.isPresent()) {
      Map<String, Map<String, Long>> policies = policies(headers);
      return limits.get().contains("remaining")
          ? dictionary(limits.get(), policies).stream().toList()
          : list(limits.get(), policies);
    }
    return single(
            first(headers, "RateLimit-Limit"),
            first(headers, "RateLimit-Remaining"),
            first(headers, "RateLimit-Reset"),
            OptionalLong.empty())
        .stream()
        .toList();
  }

  private static List<Said> list(String limits, Map<String, Map<String, Long>> policies) {
    List<Said> found = new ArrayList<>();
    for (String item : COMMA.splitAsStream(limits).toList()) {
      Map<String, Long> values = parameters(item);
      String name = name(item);
      Map<String, Long> policy = policies.getOrDefault(name, Map.of());
      long window = policy.getOrDefault("w", 0L);
      long resets = values.getOrDefault("t", window);
      if (values.containsKey("r") && (values.containsKey("t") || window > 0)) {
        found.add(
            new Said(
                name,
                policy.getOrDefault("q", 0L),
                values.get("r"),
                Duration.ofSeconds(resets),
                Duration.ofSeconds(window)));
      }
    }
    return found;
  }

  private static Optional<Said> dictionary(String limits, Map<String, Map<String, Long>> policies) {
    Map<String, Long> values = parameters(limits);
    return single(
        number(values, "limit"),
        number(values, "remaining"),
        number(values, "reset"),
        number(policies.getOrDefault("", Map.of()), "w"));
  }

  private static Optional<Said> single(
      OptionalLong limit, OptionalLong left, OptionalLong resets, OptionalLong window) {
    return left.isPresent() && resets.isPresent()
        ? Optional.of(
            new Said(
                "",
                limit.orElse(0),
                left.getAsLong(),
                Duration.ofSeconds(resets.getAsLong()),
                Duration.ofSeconds(window.orElse(0))))
        : Optional.empty();
  }

  /**
   * The parameters of each policy, by its name. The Hub puts the kind of window before the name.
   */
  private static Map<String, Map<String, Long>> policies(Function<String, List<String>> headers) {
    Map<String, Map<String, Long>> policies = new HashMap<>();
    String all = header(headers, "RateLimit-Policy").orElse("");
    for (String item : COMMA.splitAsStream(all).toList()) {
      policies.putIfAbsent(name(item), parameters(item));
    }
    return policies;
  }

  /** The last quoted text of an item; empty if there is none. */
  private static String name(String item) {
    String name = "";
    Matcher m = QUOTED.matcher(item);
    while (m.find()) {
      name = m.group(1);
    }
    return name;
  }

  private static Map<String, Long> parameters(String item) {
    Map<String, Long> values = new HashMap<>();
    Matcher m = PARAMETER.matcher(QUOTED.matcher(item).replaceAll("\"\""));
    while (m.find()) {
      values.put(m.group(1), Long.parseLong(m.group(2)));
    }
    return values;
  }

  private static OptionalLong number(Map<String, Long> values, String name) {
    Long value = values.get(name);
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  /** The number that a header begins with. */
  private static OptionalLong first(Function<String, List<String>> headers, String name) {
    Matcher m =
        Pattern.compile("\\s*(\\d{1,9})\\s*(?:[,;].*)?").matcher(header(headers, name).orElse(""));
    return m.matches() ? OptionalLong.of(Long.parseLong(m.group(1))) : OptionalLong.empty();
  }

  private static Optional<String> header(Function<String, List<String>> headers, String name) {
    String value = String.join(", ", headers.apply(name));
    return value.isBlank() || value.length() > MAX_LENGTH ? Optional.empty() : Optional.of(value);
  }
}
