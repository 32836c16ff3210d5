package io.intrahub.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line. Started by the launcher once the Java version is known to be right. */
@Command(
    name = "intrahub",
    description = "A caching mirror of the Hugging Face Hub.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {ServeCommand.class, DemoCommand.class, DevHubCommand.class},
    footerHeading = "%nTo begin:%n",
    footer = {
      "  intrahub demo     try it out, no internet needed",
      "  intrahub serve    mirror huggingface.co on port 8090"
    })
public final class Main implements Runnable {
  /** What sysexits.h calls a fault in the configuration: a folder, a port, an option. */
  static final int EX_CONFIG = 78;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Gives the version that the build was made with. */
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

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Say what to do: serve, demo or dev-hub.");
  }

  /** Runs one command and ends the process with its exit status. */
  public static void main(String[] args) {
    System.exit(
        new CommandLine(new Main())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setUsageHelpAutoWidth(true)
            .setExecutionExceptionHandler(Main::explain)
            .execute(args));
  }

  /** What stops a start is said in one line; only a fault of the program shows where it is. */
  private static int explain(Exception e, CommandLine commandLine, CommandLine.ParseResult parsed) {
    if (e instanceof StartException) {
      commandLine.getErr().println("intrahub: " + e.getMessage());
      return EX_CONFIG;
    }
    e.printStackTrace(commandLine.getErr());
    return commandLine.getCommandSpec().exitCodeOnExecutionException();
  }
}
