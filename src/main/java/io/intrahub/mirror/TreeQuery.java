package io.intrahub.mirror;

import io.intrahub.hub.FilePath;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a listing is asked for.
 *
 * @param recursive whether sub-folders are listed too
 * @param expand whether commits and scan results are wanted, which only upstream knows
 * @param limit entries per page, if the client says
 * @param after the page begins behind this path
 * @param raw the whole query, for passing it on
 */
public record TreeQuery(
    boolean recursive, boolean expand, OptionalInt limit, Optional<FilePath> after, String raw) {
  private static final Pattern FILE_NAME = Pattern.compile("\"file_name\"\\s*:\\s*\"([^\"]*)\"");

  /**
   * Characters of a path in a cursor, of which each may become six: with more it fits no address.
   */
  private static final int MAX_IN_CURSOR = 2048;

  /**
   * The path in a cursor. Cursors have the form that text-generation-webui forges by itself: base64
   * of base64 of a small JSON object and a page size.
   *
   * @return empty when the cursor is none of ours
   */
  public static Optional<FilePath> ofCursor(String cursor) {
    try {
      String outer = new String(Base64.getDecoder().decode(cursor), StandardCharsets.UTF_8);
      String inner = outer.substring(0, Math.max(outer.lastIndexOf(':'), 0));
      String json = new String(Base64.getDecoder().decode(inner), StandardCharsets.UTF_8);
      Matcher m = FILE_NAME.matcher(json);
      return m.find() ? FilePath.parse(m.group(1).replace("\\\\", "\\")) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether a cursor can carry the path, so that a page can end with it. */
  static boolean fitsCursor(FilePath last) {
    return last.value().indexOf('"') < 0 && last.value().length() <= MAX_IN_CURSOR;
  }

  /**
   * The cursor for the page behind a path.
   *
   * @param pageSize entries per page
   * @return empty when such a cursor can't carry the path: it holds a quote, or is too long for an
   *     address
   */
  static Optional<String> cursor(FilePath last, int pageSize) {
    if (!fitsCursor(last)) {
      return Optional.empty();
    }
    String json = "{\"file_name\":\"" + last.value().replace("\\", "\\\\") + "\"}";
    Base64.Encoder base64 = Base64.getEncoder();
    String inner = base64.encodeToString(json.getBytes(StandardCharsets.UTF_8));
    return Optional.of(
        base64.encodeToString((inner + ":" + pageSize).getBytes(StandardCharsets.UTF_8)));
  }
}
