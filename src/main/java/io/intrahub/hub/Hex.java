package io.intrahub.hub;

/** Hexadecimal text as the Hub writes it: lower case only. */
final class Hex {
  private Hex() {}

  static boolean isLowerHex(String text, int length) {
    return text.length() == length
        && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }
}
