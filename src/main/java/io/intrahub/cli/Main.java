package io.intrahub.cli;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.ProductVersion;
import io.intrahub.cli.command.TerminalWriter;
import io.intrahub.cli.pull.PullCommand;
import io.intrahub.cli.upkeep.CollectCommand;
import io.intrahub.cli.upkeep.RemoveCommand;
import io.intrahub.cli.upkeep.VerifyCommand;
import io.intrahub.config.OptionNames;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
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
      DoctorCommand.class,
      TokenCommand.class,
      PullCommand.class,
      ImportCommand.class,
      ExportCommand.class,
      ListCommand.class,
      DiskUsageCommand.class,
      RemoveCommand.class,
      VerifyCommand.class,
      CollectCommand.class,
      CompletionCommand.class,
      DemoCommand.class,
      DevHubCommand.class
    },
    footerHeading = "%nTo begin:%n",
    footer = {
      "  intrahub demo     try it without internet access",
      "  intrahub serve    mirror huggingface.co on port 8090",
      "",
      "Getting a model to a machine without network:",
      "  intrahub import --hf-cache ~/.cache/huggingface/hub",
      "                    take over what was downloaded on this machine before",
      "  intrahub pull gpt2 acme/tiny",
      "                    fetch from the Hub what is missing of these models; name",
      "                    imported ones too: only the Hub knows all of their files",
      "  intrahub export --hf-cache /media/stick/hub gpt2 acme/tiny",
      "                    copy them to a folder, here on a USB stick",
      "There, with the folder at the same place and without intrahub:",
      "  HF_HUB_CACHE=/media/stick/hub HF_HUB_OFFLINE=1 python load.py",
      "The three commands share the folder data/, or the one that --data names. They",
      "need no mirror; if one runs on that folder, they use it. Next: intrahub ls"
    })
public final class Main implements Callable<Integer> {
  static final int EX_CONFIG = ExitCode.CONFIG.status();

  static final int EX_IOERR = ExitCode.IO_ERROR.status();

  @Spec private CommandSpec spec = CommandSpec.create();

  /** The version, under the name that the commands of this package use. */
  static final class Version extends ProductVersion {}

  /** Without a command, prints the usage. */
  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    err.println("Name a command: " + String.join(", ", spec.subcommands().keySet()) + ".");
    spec.commandLine().usage(err);
    return spec.exitCodeOnInvalidInput();
  }

  /** Runs one command and ends the process with its exit status. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** Creates all commands, with their error handling. */
  static CommandLine commandLine() {
    return commandLine(System.getenv());
  }

  /** The same, with other variables for the user's token. */
  static CommandLine commandLine(Map<String, String> environment) {
    CommandLine all = new CommandLine(new Main(), new CommandFactory(environment));
    describeExitCodes(all);
    return all.setOut(new TerminalWriter(all.getOut()))
        .setErr(new TerminalWriter(all.getErr()))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(Main::explainUsage)
        .setExecutionExceptionHandler(Main::explain);
  }

  /** Every command documents the same exit codes, unless it says something more exact. */
  private static void describeExitCodes(CommandLine command) {
    UsageMessageSpec usage = command.getCommandSpec().usageMessage();
    if (usage.exitCodeList().isEmpty()) {
      usage.exitCodeListHeading("%nExit status:%n");
      usage.exitCodeList(ExitCode.table());
    }
    command.getSubcommands().values().forEach(Main::describeExitCodes);
  }

  /** Prints one line instead of the whole help, which would bury the error. */
  private static int explainUsage(ParameterException e, String[] args) {
    CommandLine at = e.getCommandLine();
    String what = String.valueOf(e.getMessage()).replaceFirst("^Error: ", "");
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
    if (e instanceof CommandException failed) {
      commandLine.getErr().println("intrahub: " + failed.getMessage());
      return failed.code().status();
    }
    e.printStackTrace(commandLine.getErr());
    return commandLine.getCommandSpec().exitCodeOnExecutionException();
  }
}
