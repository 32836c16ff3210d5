package io.intrahub.hub;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The {@code Link} header that the Hub uses for paging (RFC 8288, one relation type). */
public final class LinkHeader {
  private static final Pattern LINK = Pattern.compile("<([^>]*)>\\s*;[^,]*?rel=\"?([\\w-]+)\"?");

  private LinkHeader() {}

  /** Returns the address with {@code rel="next"}. */
  public static Optional<String> next(String header) {
    Matcher m = LINK.matcher(header);
    while (m.find()) {
      if (m.group(2).equals("next")) {
        return Optional.of(m.group(1));
      }
    }
    return Optional.empty();
  }

  /**
   * Writes a header with one link. DuckDB requires exactly one parameter, and no comma or semicolon
   * inside.
   *
   * @param url absolute: huggingface.js and hf-hub 1.0 drop a relative one and list too little
   */
  public static String ofNext(String url) {
    return "<" + url + ">; rel=\"next\"";
  }
}
