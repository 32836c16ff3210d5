package io.intrahub.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The {@code Via} header (RFC 9110 section 7.6.3), by which a mirror recognizes a request that it
 * sent itself.
 */
public final class ViaHeader {
  /** Names beyond this number are dropped, the first ones first. */
  private static final int MAX_NAMES = 8;

  private static final String PREFIX = "intrahub-";
  private static final Pattern MIRROR = Pattern.compile("1\\.[01] (" + PREFIX + "[0-9a-f]{16})");

  private ViaHeader() {}

  /**
   * The name of a mirror.
   *
   * @param id 16 hexadecimal digits in lower case, random
   */
  public static String name(String id) {
    return PREFIX + id;
  }

  /**
   * The names of the mirrors that a request came through, in that order; other names are left out.
   */
  public static List<String> mirrors(List<String> values) {
    List<String> names = new ArrayList<>();
    for (String value : values) {
      Matcher mirror = MIRROR.matcher(value);
      while (mirror.find()) {
        names.add(mirror.group(1));
      }
    }
    return List.copyOf(names.subList(Math.max(0, names.size() - MAX_NAMES), names.size()));
  }

  /**
   * The value for a request that this mirror sends.
   *
   * @param before the mirrors that the request behind it came through
   * @param name of this mirror
   */
  public static String value(List<String> before, String name) {
    StringBuilder value = new StringBuilder();
    before.forEach(mirror -> value.append("1.1 ").append(mirror).append(", "));
    return value.append("1.1 ").append(name).toString();
  }
}
