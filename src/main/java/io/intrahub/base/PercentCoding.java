package io.intrahub.base;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Percent-encoding of one path segment (RFC 3986 section 2.1), always over UTF-8.
 *
 * <p>Unlike the form codecs of the JDK, a {@code +} stands for itself in both directions: the Hub's
 * clients send {@code +} and {@code %2B} for the same file name.
 */
public final class PercentCoding {
  private static final String UNRESERVED =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private PercentCoding() {}

  /**
   * Decodes each {@code %XX} once.
   *
   * @return empty when an escape is cut short or not hexadecimal, or when the text is not UTF-8,
   *     before or after decoding
   */
  public static Optional<String> decode(String encoded) {
    // getBytes turns half a surrogate pair into a question mark, which would be another name.
    if (hasLoneSurrogate(encoded)) {
      return Optional.empty();
    }
    if (encoded.indexOf('%') < 0) {
      return Optional.of(encoded);
    }
    byte[] source = encoded.getBytes(StandardCharsets.UTF_8);
    ByteBuffer decoded = ByteBuffer.allocate(source.length);
    for (int i = 0; i < source.length; i++) {
      if (source[i] != '%') {
        decoded.put(source[i]);
        continue;
      }
      if (i + 2 >= source.length
          || !HexFormat.isHexDigit(source[i + 1])
          || !HexFormat.isHexDigit(source[i + 2])) {
        return Optional.empty();
      }
      decoded.put(
          (byte)
              (HexFormat.fromHexDigit(source[i + 1]) << 4 | HexFormat.fromHexDigit(source[i + 2])));
      i += 2;
    }
    try {
      CharBuffer text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(decoded.flip());
      return Optional.of(text.toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  private static boolean hasLoneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      // Of a pair the code point is meant, which is no surrogate any more.
      int c = text.codePointAt(i);
      if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
        return true;
      }
      i += Character.charCount(c) - 1;
    }
    return false;
  }

  /** Encodes everything but the unreserved characters, as Python's {@code quote(s, safe="")}. */
  public static String encode(String plain) {
    return encode(plain, "");
  }

  /**
   * Encodes everything but the unreserved characters and those of {@code safe}.
   *
   * @param safe ASCII characters that stay as they are, for example {@code "/"}
   */
  public static String encode(String plain, String safe) {
    StringBuilder out = new StringBuilder(plain.length() + 16);
    for (byte b : plain.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (UNRESERVED.indexOf(c) >= 0 || safe.indexOf(c) >= 0) {
        out.append(c);
      } else {
        out.append('%').append(HEX.toHighHexDigit(b)).append(HEX.toLowHexDigit(b));
      }
    }
    return out.toString();
  }
}
