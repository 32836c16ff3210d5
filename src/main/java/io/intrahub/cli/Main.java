package io.intrahub.cli;

import io.intrahub.config.OptionNames;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line. Started by the launcher once the Java version is known to be right. */
@Command(
    name = "intrahub",
    description = "A caching mirror of the Hugging Face Hub.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      ServeCommand.class,
      StatusCommand.class,
      TokenCommand.class,
      ImportCommand.class,
      ExportCommand.class,
      DemoCommand.class,
      DevHubCommand.class
    },
    footerHeading = "%nTo begin:%n",
    footer = {
      "  intrahub demo     try it without internet access",
      "  intrahub serve    mirror huggingface.co on port 8090"
    })
public final class Main implements Callable<Integer> {
  /** {@code EX_CONFIG} of sysexits.h: a folder, a port or an option can't be used. */
  static final int EX_CONFIG = 78;

  /** {@code EX_UNAVAILABLE} of sysexits.h: no mirror answers. */
  static final int EX_UNAVAILABLE = 69;

  /** {@code EX_IOERR} of sysexits.h: a file can't be read or written. */
  static final int EX_IOERR = 74;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Reads the version of the build. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"intrahub " + number()};
    }

    static String number() {
      try (InputStream in = Main.class.getResourceAsStream("version.properties")) {
        Properties properties = new Properties();
        if (in != null) {
          properties.load(in);
        }
        return properties.getProperty("version", "unknown");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Without a command, prints the usage. */
  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    err.println("Name a command: serve, status, token, import, export, demo or dev-hub.");
    spec.commandLine().usage(err);
    return spec.exitCodeOnInvalidInput();
  }

  /** Runs one command and ends the process with its exit status. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** Creates all commands, with their error handling. */
  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(Main::explainUsage)
        .setExecutionExceptionHandler(Main::explain);
  }

  /** Prints one line instead of the whole help, which would bury the error. */
  private static int explainUsage(ParameterException e, String[] args) {
    CommandLine at = e.getCommandLine();
    String what = String.valueOf(e.getMessage());
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      String wrong = unmatched.getUnmatched().getFirst();
      // --prot=1 becomes --prot.
      String name = wrong.replaceFirst("=.*", "");
      what =
          name.startsWith("-")
              ? name + ": unknown option" + OptionNames.didYouMean(name, options(at))
              : wrong
                  + ": unknown command"
                  + OptionNames.didYouMean(wrong, List.copyOf(at.getSubcommands().keySet()));
    }
    CommandSpec command = at.getCommandSpec();
    at.getErr().println("intrahub: " + what + " (see: " + command.qualifiedName() + " --help)");
    return command.exitCodeOnInvalidInput();
  }

  private static List<String> options(CommandLine at) {
    List<String> names = new ArrayList<>();
    at.getCommandSpec().options().forEach(option -> names.addAll(List.of(option.names())));
    return names;
  }

  /** Prints one line if the process can't start, and a stack trace only for a bug. */
  private static int explain(Exception e, CommandLine commandLine, CommandLine.ParseResult parsed) {
    if (e instanceof StartException) {
      commandLine.getErr().println("intrahub: " + e.getMessage());
      return EX_CONFIG;
    }
    e.printStackTrace(commandLine.getErr());
    return commandLine.getCommandSpec().exitCodeOnExecutionException();
  }
}
