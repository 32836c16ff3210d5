package io.intrahub.cli;

import io.intrahub.cli.StoreInventory.RepoUsage;
import io.intrahub.cli.StoreInventory.Usage;
import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.StoreOptions;
import io.intrahub.cli.command.StoredNames;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import io.intrahub.hub.Revision;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Lists what is stored. */
@Command(
    name = ListCommand.NAME,
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Lists the stored repos, or the revisions and files of one.",
      "",
      "Repos are listed with their sizes and last uses. A mirror that runs on the store is asked for"
          + " the last uses; everything else is read from the folder, with or without a mirror."
    },
    footerHeading = "%nFor example:%n",
    footer = {"  intrahub ls", "  intrahub ls 'datasets/acme/*'", "  intrahub ls acme/tiny@v1"})
final class ListCommand implements Callable<Integer> {
  static final String NAME = "ls";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "0..1",
      paramLabel = "REPO[@REVISION]",
      description =
          "A repo such as gpt2, acme/tiny or datasets/acme/data, of which the files are listed, or a"
              + " pattern such as 'acme/*' (default: all repos).")
  private @Nullable String repo;

  @Mixin private StoreOptions options = new StoreOptions();

  @Override
  public Integer call() throws CommandException, InterruptedException {
    String text = repo;
    if (text == null) {
      return repos(Optional.empty());
    }
    int at = text.indexOf('@');
    String name = at < 0 ? text : text.substring(0, at);
    RepoPattern pattern =
        RepoPattern.parse(name)
            .orElseThrow(() ->
                wrong("'" + name + "' is not a repo such as gpt2, acme/tiny or datasets/acme/x"));
    if (at < 0 && pattern.glob().contains("*")) {
      return repos(Optional.of(pattern));
    }
    Optional<Revision> revision =
        at < 0
            ? Optional.empty()
            : Optional.of(
                Revision.parse(text.substring(at + 1))
                    .orElseThrow(() ->
                        wrong("'" + text.substring(at + 1) + "' is not a branch, tag or commit")));
    StoreInventory inventory = open();
    List<RepoId> matching = inventory.repos(pattern::matches);
    if (matching.isEmpty()) {
      throw notStored(pattern, inventory.repos(_ -> true));
    }
    return new FileListing(
            inventory, spec.commandLine().getOut(), spec.commandLine().getErr(), options.json())
        .print(matching, revision)
        .status();
  }

  private static CommandException notStored(RepoPattern pattern, List<RepoId> stored) {
    return new CommandException(
        ExitCode.NOT_FOUND,
        StoredNames.sentence(
            "Nothing is stored of " + pattern + StoredNames.hint(pattern, stored)));
  }

  private ParameterException wrong(String what) {
    return new ParameterException(spec.commandLine(), what);
  }

  private StoreInventory open() throws CommandException, InterruptedException {
    return StoreInventory.open(options.target(), NAME);
  }

  private int repos(Optional<RepoPattern> pattern) throws CommandException, InterruptedException {
    Usage usage = open().usage();
    List<RepoUsage> repos =
        usage.repos().stream()
            .filter(one -> pattern.isEmpty() || pattern.get().matches(one.repo()))
            .toList();
    if (pattern.isPresent() && repos.isEmpty() && usage.damaged().isEmpty()) {
      throw notStored(pattern.get(), List.of());
    }
    PrintWriter out = spec.commandLine().getOut();
    if (options.json()) {
      out.println(node(usage, repos));
    } else {
      lines(repos).forEach(out::println);
    }
    out.flush();
    printDamaged(usage, options.json(), spec.commandLine().getErr());
    return (usage.damaged().isEmpty() ? ExitCode.OK : ExitCode.INCOMPLETE).status();
  }

  private static List<String> lines(List<RepoUsage> repos) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("REPO", "SIZE", "FILES", "REVISIONS", "LAST USE"));
    for (RepoUsage one : repos) {
      rows.add(
          List.of(
              name(one.repo()),
              Amounts.size(one.bytes()),
              Long.toString(one.files()),
              Integer.toString(one.revisions()),
              one.lastUse().map(ListCommand::seconds).orElse("-")));
    }
    return Amounts.table(rows);
  }

  private static String seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** The repo as it is typed in a command: {@code datasets/acme/x}. */
  static String name(RepoId repo) {
    return repo.type().pathPrefix() + repo.id();
  }

  /** The repos as JSON, with those that can't be read. */
  static ObjectNode node(Usage usage, List<RepoUsage> repos) {
    ObjectNode result = JsonMapper.shared().createObjectNode();
    ArrayNode list = result.putArray("repos");
    for (RepoUsage one : repos) {
      ObjectNode node = list.addObject();
      node.put("type", one.repo().type().singular())
          .put("repo", one.repo().id())
          .put("revisions", one.revisions())
          .put("files", one.files())
          .put("bytes", one.bytes())
          .put("sharedBytes", one.sharedBytes());
      one.lastUse().ifPresent(time -> node.put("lastUse", seconds(time)));
    }
    usage
        .damaged()
        .forEach((repo, why) ->
            list.addObject()
                .put("type", repo.type().singular())
                .put("repo", repo.id())
                .put("error", why));
    return result;
  }

  /** Prints a line for each repo that can't be read. JSON has them already. */
  static void printDamaged(Usage usage, boolean json, PrintWriter err) {
    if (!json) {
      usage
          .damaged()
          .forEach(
              (repo, why) -> err.println("intrahub: " + repo + " is not counted: " + why + "."));
      err.flush();
    }
  }
}
