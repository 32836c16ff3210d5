package io.intrahub.cli.command;

import io.intrahub.hub.UnicodeText;
import java.io.PrintWriter;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Prints what all commands print in lines. Names of files and repos, and answers of the Hub, come
 * from others and may have escape sequences in them that would make a terminal hide or forge
 * output. Control characters are therefore printed as they are written in JSON, which keeps JSON as
 * it is. Colours and the ends of lines are kept.
 *
 * <p>Safe for use by many threads. What is printed without the end of a line, as progress is, is
 * not changed.
 */
public final class TerminalWriter extends PrintWriter {
  /** Bold, faint, underlined and the colours; nothing that hides text or moves the cursor. */
  private static final String STYLE = "(?:[0-4]|2[1-4]|3[0-79]|9[0-7])";

  private static final Pattern COLOUR =
      Pattern.compile("\u001b\\[(?:" + STYLE + "(?:;" + STYLE + ")*)?m");

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
    Matcher colour = COLOUR.matcher(text);
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '\u001b' && colour.region(at, text.length()).lookingAt()) {
        printed.append(colour.group());
        at = colour.end();
        continue;
      }
      boolean control = (c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
      if (control || UnicodeText.isInvisible(c)) {
        printed.append("\\u%04x".formatted((int) c));
      } else {
        printed.append(c);
      }
      at++;
    }
    return printed.toString();
  }
}
