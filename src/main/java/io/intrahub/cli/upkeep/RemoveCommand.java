package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.ProductVersion;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StoreOptions;
import io.intrahub.store.fs.RemovalPlan.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Removes repos and revisions from the store. */
@Command(
    name = RemoveJob.NAME,
    mixinStandardHelpOptions = true,
    versionProvider = ProductVersion.class,
    sortOptions = false,
    description = {
      "Removes repos, or revisions of them, from the store.",
      "",
      "A mirror that runs on the store does it itself. The command says what would go, and what stays because other commits or repos"
          + " name it, and asks before it removes anything.",
      "",
      "With a revision, its commit goes too unless another branch or tag is at it. Without one, all"
          + " that is known of the repo goes, also who may read it: the Hub is asked again when"
          + " somebody loads it. Files that are being read or fetched at that moment stay until"
          + " they are evicted."
    },
    footerHeading = "%nFor example:%n",
    footer = {
      "  intrahub rm acme/tiny",
      "  intrahub rm acme/tiny@v1 datasets/acme/data --yes",
      "  intrahub rm acme/tiny --dry-run"
    })
public final class RemoveCommand implements Callable<Integer> {
  private final Confirmation confirmation;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "1..*",
      paramLabel = "REPO[@REVISION]",
      description =
          "A repo such as gpt2, acme/tiny or datasets/acme/data, or one of its branches, tags and"
              + " commits.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--yes", description = "Does not ask. Needed without a terminal.")
  private boolean yes;

  @Option(names = "--dry-run", description = "Says what would go, and removes nothing.")
  private boolean dryRun;

  @Mixin private StoreOptions options = new StoreOptions();

  /** A command that asks on the terminal of this process. */
  public RemoveCommand() {
    this(Confirmation.TERMINAL);
  }

  RemoveCommand(Confirmation confirmation) {
    this.confirmation = confirmation;
  }

  @Override
  public Integer call() throws CommandException, InterruptedException {
    List<Target> targets = targets();
    boolean asks = !yes && !dryRun;
    if (asks && (options.json() || !confirmation.isPossible())) {
      throw new ParameterException(
          spec.commandLine(),
          (options.json() ? "--json does not ask" : "there is no terminal to ask on")
              + ": name --yes to remove, or --dry-run to see what would go");
    }
    UpkeepRun run = new UpkeepRun(options.target());
    ReportOutput output = options.output(spec);
    if (asks) {
      var _ = run.run(new RemoveJob(targets, true), output);
      if (!confirmation.ask("Remove this?")) {
        throw new CommandException(ExitCode.INCOMPLETE, "Nothing was removed.");
      }
    }
    return run.run(new RemoveJob(targets, dryRun), output).status();
  }

  private List<Target> targets() {
    List<Target> targets = new ArrayList<>();
    for (String name : names) {
      targets.add(
          RemoveJob.target(name)
              .orElseThrow(() ->
                  new ParameterException(
                      spec.commandLine(),
                      "'"
                          + name
                          + "' is not a repo such as gpt2, acme/tiny@v1 or datasets/acme/data")));
    }
    return targets;
  }
}
