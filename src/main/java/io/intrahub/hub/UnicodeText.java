package io.intrahub.hub;

/** Checks of text from outside. */
public final class UnicodeText {
  private UnicodeText() {}

  /**
   * Returns whether the character is invisible or reorders its neighbours: C1 controls, line
   * separators, bidirectional marks. Such a name would mislead a person who reads a log or an
   * error. Joiners (U+200C, U+200D) are allowed, because some scripts and symbols need them.
   */
  public static boolean isInvisible(int c) {
    return (c >= 0x80 && c <= 0x9f)
        || c == 0x061c
        || c == 0x200e
        || c == 0x200f
        || (c >= 0x2028 && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069)
        || c == 0xfeff;
  }

  /** Returns whether the text can't be written as UTF-8, because of half a surrogate pair. */
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
