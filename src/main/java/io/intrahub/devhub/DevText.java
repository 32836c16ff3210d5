package io.intrahub.devhub;

import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Percent-coding, queries and header texts. Written for this package alone and from the protocol,
 * so that a bug in the mirror's own parsing cannot hide behind the same bug here.
 */
final class DevText {
  private static final String UNRESERVED =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

  private DevText() {}

  /**
   * Decodes {@code %xx} as UTF-8; {@code +} stays what it is, as in every path, and so does a
   * percent sign that starts nothing.
   */
  static String decode(String raw) {
    if (raw.indexOf('%') < 0) {
      return raw;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c == '%' && isHex(raw, i + 1) && isHex(raw, i + 2)) {
        out.write(Integer.parseInt(raw, i + 1, i + 3, 16));
        i += 2;
      } else {
        out.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
      }
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private static boolean isHex(String text, int at) {
    return at < text.length() && HexFormat.isHexDigit(text.charAt(at));
  }

  /** Encodes one segment: everything but unreserved characters (RFC 3986 2.3), so {@code /} too. */
  static String encode(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (UNRESERVED.indexOf(c) >= 0) {
        out.append(c);
      } else {
        out.append('%').append("%02X".formatted((int) c));
      }
    }
    return out.toString();
  }

  /** Encodes each segment and keeps the slashes. */
  static String encodePath(String path) {
    return encode(path).replace("%2F", "/");
  }

  /** Encodes a query value as browsers' forms do: space becomes {@code +}. */
  static String formEncode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /**
   * Parses a query or a form body; {@code +} means space here. A key may end in {@code []} or
   * {@code [0]}, which is dropped, as clients write lists in all three ways.
   */
  static Map<String, List<String>> query(String raw) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    for (String pair : cut(raw, '&')) {
      if (pair.isEmpty()) {
        continue;
      }
      int eq = pair.indexOf('=');
      String key = decode((eq < 0 ? pair : pair.substring(0, eq)).replace('+', ' '));
      String value = eq < 0 ? "" : decode(pair.substring(eq + 1).replace('+', ' '));
      int bracket = key.indexOf('[');
      if (bracket > 0 && key.endsWith("]")) {
        key = key.substring(0, bracket);
      }
      values.computeIfAbsent(key, _ -> new ArrayList<>()).add(value);
    }
    return values;
  }

  static List<String> cut(String text, char at) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int i = text.indexOf(at); i >= 0; i = text.indexOf(at, from)) {
      parts.add(text.substring(from, i));
      from = i + 1;
    }
    parts.add(text.substring(from));
    return Collections.unmodifiableList(parts);
  }

  static String lastSegment(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** One line of visible ASCII: an error message repeats what the client sent. */
  static String headerSafe(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints().forEach(c -> out.append(c >= ' ' && c < 0x7f ? (char) c : '?'));
    return out.toString();
  }

  /** Both forms of the file name, as the Hub sends them (RFC 6266). */
  static String disposition(String path, boolean attachment) {
    String name = lastSegment(path);
    String plain = headerSafe(name).replace("\\", "\\\\").replace("\"", "\\\"");
    return "%s; filename*=UTF-8''%s; filename=\"%s\";"
        .formatted(attachment ? "attachment" : "inline", encode(name), plain);
  }
}
