package io.intrahub.cli;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.MirrorOptions;
import io.intrahub.cli.command.RunningMirror;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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
          + " the same options, file and environment as serve."
    })
final class StatusCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Prints the mirror's answer, as JSON.")
  private boolean json;

  @Mixin private MirrorOptions options = new MirrorOptions();

  @Override
  public Integer call() throws CommandException, InterruptedException {
    RunningMirror mirror = MirrorOptions.running(options.load());
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(mirror.answer());
    } else {
      StatusTable.lines(mirror.status()).forEach(out::println);
    }
    out.flush();
    return 0;
  }
}
