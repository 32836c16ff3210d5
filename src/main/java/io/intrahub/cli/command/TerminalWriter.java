package io.intrahub.cli.command;

import io.intrahub.hub.UnicodeText;
import java.io.PrintWriter;

/**
 * Prints what all commands print in lines. Names of files and repos, and answers of the Hub, come
 * from others and may have escape sequences in them that would make a terminal hide or forge
 * output. Control characters are therefore printed as they are written in JSON, which keeps JSON as
 * it is. Only the ends of lines are kept: even a colour can hide text, or run on.
 *
 * <p>Safe for use by many threads. What is printed without the end of a line, as progress and our
 * own colours are, is not changed.
 */
public final class TerminalWriter extends PrintWriter {
  /**
   * A writer that flushes each line.
   *
   * @param out where to
   */
  public TerminalWriter(PrintWriter out) {
    super(out, true);
  }

  @Override
  public void println(String text) {
    super.println(printable(String.valueOf(text)));
  }

  @Override
  public void println(Object value) {
    println(String.valueOf(value));
  }

  /** The text in one line: the ends of lines in it are written as all other control characters. */
  public static String oneLine(String text) {
    return printable(text).replace("\n", "\\n");
  }

  private static String printable(String text) {
    StringBuilder printed = new StringBuilder(text.length());
    for (int at = 0; at < text.length(); at++) {
      char c = text.charAt(at);
      boolean control = (c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
      if (control || UnicodeText.isInvisible(c)) {
        printed.append("\\u%04x".formatted((int) c));
      } else {
        printed.append(c);
      }
    }
    return printed.toString();
  }
}
