package io.intrahub.cli.doctor;

import java.io.PrintWriter;
import java.util.function.Consumer;
import picocli.CommandLine.Help.Ansi;

/** Prints each result as a line for people, with what to change below. For one thread. */
public final class TextReport implements Consumer<Checkup.Result> {
  private static final int WIDTH = 9;

  private final PrintWriter out;
  private final Ansi ansi;

  /**
   * Prints nothing yet.
   *
   * @param ansi whether there are colours
   */
  public TextReport(PrintWriter out, Ansi ansi) {
    this.out = out;
    this.ansi = ansi;
  }

  @Override
  public void accept(Checkup.Result result) {
    Finding finding = result.finding();
    // What is printed as a line may be from outside, and has its colours removed.
    out.print(word(finding.status()));
    out.println(result.name() + ": " + finding.summary());
    for (String advice : finding.advice()) {
      if (!advice.isEmpty()) {
        out.println(" ".repeat(WIDTH) + "-> " + advice);
      }
    }
    out.flush();
  }

  private String word(Finding.Status status) {
    String word = status.word();
    String style =
        switch (status) {
          case OK -> "green";
          case WARNING -> "yellow";
          case FAILED -> "bold,red";
          case SKIPPED -> "faint";
        };
    return ansi.string("@|" + style + " " + word + "|@") + " ".repeat(WIDTH - word.length());
  }
}
