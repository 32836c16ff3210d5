package io.intrahub.cli;

import io.intrahub.cli.StoreInventory.RepoUsage;
import io.intrahub.cli.StoreInventory.Usage;
import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.StoreOptions;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/** Shows how many bytes of the store each repo takes. */
@Command(
    name = DiskUsageCommand.NAME,
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Shows how many bytes of the store each repo takes.",
      "",
      "The largest comes first. SHARED is the part that"
          + " another repo has too and that is stored once; the last lines count it once. Unfinished"
          + " files and metadata are not counted. A mirror that runs on the store is asked for the"
          + " last uses, which --json prints; everything else is read from the folder, with or"
          + " without a mirror."
    })
final class DiskUsageCommand implements Callable<Integer> {
  static final String NAME = "du";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(arity = "0..*", hidden = true)
  private List<String> named = List.of();

  @Mixin private StoreOptions options = new StoreOptions();

  @Override
  public Integer call() throws CommandException, InterruptedException {
    if (!named.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "du shows all repos and takes none; intrahub ls " + named.getFirst() + " shows one");
    }
    Usage usage = StoreInventory.open(options.target(), NAME).usage();
    List<RepoUsage> repos =
        usage.repos().stream()
            .sorted(Comparator.comparingLong(RepoUsage::bytes).reversed())
            .toList();
    PrintWriter out = spec.commandLine().getOut();
    if (options.json()) {
      out.println(json(usage, repos));
    } else {
      lines(usage, repos).forEach(out::println);
    }
    out.flush();
    ListCommand.printDamaged(usage, options.json(), spec.commandLine().getErr());
    return (usage.damaged().isEmpty() ? ExitCode.OK : ExitCode.INCOMPLETE).status();
  }

  private static List<String> lines(Usage usage, List<RepoUsage> repos) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("SIZE", "SHARED", "REPO"));
    for (RepoUsage one : repos) {
      rows.add(
          List.of(
              Amounts.size(one.bytes()),
              Amounts.size(one.sharedBytes()),
              ListCommand.name(one.repo())));
    }
    if (usage.otherBytes() > 0) {
      rows.add(List.of(Amounts.size(usage.otherBytes()), "-", "(of no stored commit)"));
    }
    rows.add(List.of(Amounts.size(usage.bytes()), "-", "(total)"));
    return Amounts.table(rows);
  }

  private static ObjectNode json(Usage usage, List<RepoUsage> repos) {
    ObjectNode result = ListCommand.node(usage, repos);
    return result.put("bytes", usage.bytes()).put("otherBytes", usage.otherBytes());
  }
}
