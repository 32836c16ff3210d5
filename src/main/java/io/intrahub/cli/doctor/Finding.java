package io.intrahub.cli.doctor;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What a check found.
 *
 * @param status how bad it is
 * @param summary one line without a full stop
 * @param advice what to change, a sentence each; empty if there is nothing to change
 */
public record Finding(Status status, String summary, List<String> advice) {
  /** Parts of a line may be a server's text. */
  private static final int MAX_LENGTH = 600;

  /** Controls, escape sequences of terminals, and what reorders or hides its neighbours. */
  private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");

  /** How bad it is. */
  public enum Status {
    OK,
    WARNING,
    FAILED,
    SKIPPED;

    /** The word that is printed. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Makes the texts safe to print. */
  public Finding {
    summary = printable(summary);
    advice = advice.stream().map(Finding::printable).toList();
  }

  /** All is well. */
  public static Finding ok(String summary) {
    return new Finding(Status.OK, summary, List.of());
  }

  /** The mirror works, but worse than it could. */
  public static Finding warning(String summary, String... advice) {
    return new Finding(Status.WARNING, summary, List.of(advice));
  }

  /** The mirror can't work. */
  public static Finding failed(String summary, String... advice) {
    return new Finding(Status.FAILED, summary, List.of(advice));
  }

  /** The check could not run. */
  public static Finding skipped(String because) {
    return new Finding(Status.SKIPPED, "skipped because " + because, List.of());
  }

  private static String printable(String text) {
    String line = UNPRINTABLE.matcher(text).replaceAll("?");
    return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH) + "...";
  }
}
