package io.intrahub.cli.pull;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Where a pull prints.
 *
 * @param out for what was done
 * @param err for what was not done
 * @param json whether only the result is printed, as JSON
 * @param bars whether the output is a terminal on which bars can be drawn
 * @param width of the terminal, in characters
 */
record PullConsole(PrintWriter out, PrintWriter err, boolean json, boolean bars, int width) {
  static PullConsole of(CommandSpec spec, boolean json) {
    boolean isTerminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    String terminal = System.getenv().getOrDefault("TERM", "dumb");
    boolean windows = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("win");
    boolean bars = !json && isTerminal && !terminal.equals("dumb") && !windows;
    return new PullConsole(
        spec.commandLine().getOut(),
        spec.commandLine().getErr(),
        json,
        bars,
        bars ? spec.usageMessage().width() : 0);
  }

  /** Prints a line, except for a program. */
  void line(String text) {
    if (!json) {
      out.println(text);
      out.flush();
    }
  }

  /** Prints a line about what was not done, without its full stop, except for a program. */
  void error(String text) {
    if (!json) {
      err.println("intrahub: " + text + ".");
      err.flush();
    }
  }

  /** Begins to show files. */
  PullProgress progress(int workers, int files, long bytes) {
    if (json) {
      return new NoProgress();
    }
    return bars
        ? new BarProgress(out, width, workers, files, bytes)
        : new LineProgress(out, err, workers);
  }
}
