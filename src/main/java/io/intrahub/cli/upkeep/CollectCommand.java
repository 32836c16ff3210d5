package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ProductVersion;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StoreOptions;
import io.intrahub.config.DataSize;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Evicts from the store before it is full. */
@Command(
    name = CollectJob.NAME,
    mixinStandardHelpOptions = true,
    versionProvider = ProductVersion.class,
    sortOptions = false,
    description = {
      "Evicts the least recently used files, to make space.",
      "",
      "It does so until the store is down to its low watermark (store.low-watermark), or to a size"
          + " that you name. A full store does the same by itself. A mirror that runs on the store"
          + " does it itself; files in use stay.",
      "",
      "The order is that of a full store, and --dry-run shows it. First go the files that no branch"
          + " or tag leads to (superseded), those that no commit names at all (unreferenced), and"
          + " pieces of unfinished files that nobody asked for in an hour; among all of these, the"
          + " least recently used first. Then all other files go, the least recently used first,"
          + " and at last what is known of commits (metadata)."
    },
    footerHeading = "%nFor example:%n",
    footer = {"  intrahub gc --dry-run", "  intrahub gc --to 500GB"})
public final class CollectCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--to",
      paramLabel = "SIZE",
      description =
          "Down to this size, such as 500GB or 2TiB (default: the low watermark of store.max-size)."
              + " Without that limit, --dry-run shows the order of everything.")
  private @Nullable String size;

  @Option(names = "--dry-run", description = "Says what would go, and evicts nothing.")
  private boolean dryRun;

  @Mixin private StoreOptions options = new StoreOptions();

  @Override
  public Integer call() throws CommandException, InterruptedException {
    OptionalLong target = target();
    ReportOutput output = options.output(spec);
    return new UpkeepRun(options.target()).run(new CollectJob(target, dryRun), output).status();
  }

  private OptionalLong target() {
    String text = size;
    if (text == null) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(
        DataSize.parse(text)
            .orElseThrow(() ->
                new ParameterException(
                    spec.commandLine(), "--to: '" + text + "' is not a size such as 500GB or 2TiB"))
            .bytes());
  }
}
