package io.intrahub.hub;

/** Small questions about text from outside. */
final class UnicodeText {
  private UnicodeText() {}

  /**
   * Whether the character shows nothing or reorders its neighbours: C1 controls, line separators,
   * bidirectional marks. Such a name would lie to a person who reads a log or an error. Joiners
   * (U+200C, U+200D) pass: words and signs that people write need them.
   */
  static boolean isInvisible(int c) {
    return (c >= 0x80 && c <= 0x9f)
        || c == 0x061c
        || c == 0x200e
        || c == 0x200f
        || (c >= 0x2028 && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069)
        || c == 0xfeff;
  }

  /** Whether the text can't be written as UTF-8, because half of a surrogate pair is missing. */
  static boolean hasLoneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)) {
        if (i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))) {
          return true;
        }
        i++;
      } else if (Character.isLowSurrogate(c)) {
        return true;
      }
    }
    return false;
  }
}
