package io.intrahub.cli;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.MirrorOptions;
import io.intrahub.cli.command.OperatorListener;
import io.intrahub.cli.command.RunningMirror;
import io.intrahub.cli.command.StoreOptions;
import io.intrahub.config.Config;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows the state of a running mirror. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Shows the state of a running mirror.",
      "",
      "It shows whether the Hub answers, how full the store is, and what is being fetched. It asks the operator's listener, whose address it takes from"
          + " the same options, file and environment as serve. With --data, a mirror on another"
          + " folder is an error. intrahub ls and du show what is stored while no mirror runs."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:a mirror answers",
      "2:the command line is wrong",
      "69:no mirror answers",
      "78:the configuration is wrong, or the mirror runs on another folder than --data names"
    })
final class StatusCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private StoreOptions options = new StoreOptions();

  @Override
  public Integer call() throws CommandException, InterruptedException {
    Config config = options.load();
    RunningMirror mirror = MirrorOptions.running(config);
    Optional<Path> folder = options.folder();
    if (folder.isPresent() && !mirror.isOn(folder.get())) {
      throw new CommandException(
          ExitCode.CONFIG,
          "The mirror at "
              + OperatorListener.address(config.admin())
              + " has another store than "
              + folder.get().toAbsolutePath().normalize()
              + ". Name the operator's listener of the other mirror with --admin-port, or leave"
              + " --data out.");
    }
    PrintWriter out = spec.commandLine().getOut();
    if (options.json()) {
      out.println(mirror.answer());
    } else {
      StatusTable.lines(mirror.status()).forEach(out::println);
    }
    out.flush();
    return ExitCode.OK.status();
  }
}
