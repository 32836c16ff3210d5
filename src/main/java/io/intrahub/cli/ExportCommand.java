package io.intrahub.cli;

import io.intrahub.cachefolder.CacheExport;
import io.intrahub.cachefolder.ExportResult;
import io.intrahub.cachefolder.PathPatterns;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.FileOptions;
import io.intrahub.cli.command.StoreOptions;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import io.intrahub.hub.Revision;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.ReadOnlyStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes stored repos to a cache folder of the Hub's clients. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Writes stored repos to a folder that clients load from offline.",
      "",
      "That is a cache folder of the Hub's Python clients, which need no server then. The command"
          + " reads the folder of the store; a mirror may run on it. Files are copied and verified,"
          + " and share disk space with the store where the file system can do so (btrfs, XFS). A"
          + " revision appears in the folder once all of its stored files are there; the same"
          + " command again adds what is missing.",
      "",
      "With --view, the folder is inside that of the store, and made of hard links: to be shared"
          + " read-only, for example over NFS. It has the repos that everybody may read, and of them"
          + " the branches and tags of which all files are stored. The mirror that runs on the store"
          + " brings it up to date, or the command does. With store.view: open-repos, a mirror"
          + " always keeps it current."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:all files that were asked for are in the folder",
      "1:some are not stored, or it is not known whether they all are, or a repo could not be"
          + " brought up to date; the messages name them",
      "2:the command line is wrong",
      "66:nothing of the repos or revisions is stored, so nothing was exported",
      "69:with --view, no mirror answers where the command line names one",
      "74:the cache folder can't be written; the same command continues",
      "78:the store or the configuration can't be used"
    },
    footerHeading = "%nFor example:%n",
    footer = {
      "  intrahub export --hf-cache /media/stick/hub gpt2 acme/tiny@v1",
      "  intrahub export --hf-cache /media/stick/hub 'acme/*' 'datasets/acme/*'",
      "  HF_HUB_CACHE=/media/stick/hub HF_HUB_OFFLINE=1 python load.py",
      "  intrahub export --view --data /srv/intrahub"
    })
final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @ArgGroup(multiplicity = "1")
  private Target target = new Target();

  /** Where to: one of them. */
  private static final class Target {
    @Option(
        names = "--hf-cache",
        paramLabel = "FOLDER",
        description =
            "The cache folder, which clients know as HF_HUB_CACHE. Created if it is missing.")
    private @Nullable Path folder;

    @Option(
        names = "--view",
        description = "The folder view/hub in that of the store, with all that everybody may read.")
    private boolean view;
  }

  @Parameters(
      arity = "0..*",
      paramLabel = "REPO[@REVISION]",
      description =
          "A repo such as gpt2, acme/tiny or datasets/acme/data, or a pattern such as 'acme/*', with"
              + " a branch, tag or commit (default: main).")
  private List<String> repos = new ArrayList<>();

  @Mixin private FileOptions files = new FileOptions();

  @Option(
      names = "--link",
      description =
          "Makes hard links to the files of the store instead of copies. They take no space, but"
              + " whoever changes such a file in the cache folder changes it in the store too. Only"
              + " for a folder on the same file system that nobody writes to.")
  private boolean link;

  @Mixin private StoreOptions options = new StoreOptions();

  /** Something that was asked for. */
  private record Wanted(RepoPattern repo, Revision revision) {}

  @Override
  public Integer call() throws CommandException, InterruptedException {
    Path folder = target.folder;
    // picocli demands one of the two.
    return target.view || folder == null ? bringViewUpToDate() : export(folder);
  }

  private int bringViewUpToDate() throws CommandException, InterruptedException {
    if (link || files.isGiven() || !repos.isEmpty()) {
      throw wrong(
          "--view shows all that everybody may read: name no repos with it, and none of --include,"
              + " --exclude and --link");
    }
    return new ViewExport(options.target()).run(options.output(spec)).status();
  }

  private int export(Path folder) throws CommandException {
    if (repos.isEmpty()) {
      throw wrong(
          "Missing required parameter: 'REPO[@REVISION]', such as gpt2 or 'acme/*'; intrahub ls shows"
              + " what is stored");
    }
    List<Wanted> wanted = repos.stream().map(this::wanted).toList();
    Path data = options.load().store().path();
    ExportReport report = new ExportReport(options.output(spec));
    try {
      ReadOnlyStore store = ReadOnlyStore.open(data);
      try (CacheExport export =
          CacheExport.open(
              store,
              folder,
              link ? CacheExport.Method.HARD_LINK : CacheExport.Method.COPY,
              report::added)) {
        report.begin(folder.toAbsolutePath().normalize(), export.describe(data));
        run(store, export, wanted, report);
      }
      report.end();
      return report.code().status();
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      spec.commandLine()
          .getErr()
          .println(
              "intrahub: The export to "
                  + folder
                  + " stopped: "
                  + FileErrors.describe(e)
                  + ". What is complete stays, and the same command continues.");
      return Main.EX_IOERR;
    }
  }

  private void run(
      ReadOnlyStore store, CacheExport export, List<Wanted> wanted, ExportReport report)
      throws IOException {
    PathPatterns patterns = files.patterns();
    List<RepoId> stored = store.repos();
    for (Wanted one : wanted) {
      List<RepoId> matching = stored.stream().filter(one.repo()::matches).toList();
      if (matching.isEmpty()) {
        report.nothingStored(one.repo(), stored);
      }
      for (RepoId repo : matching) {
        ExportResult result = export.export(repo, one.revision(), patterns);
        report.done(result);
      }
    }
  }

  private Wanted wanted(String text) {
    int at = text.indexOf('@');
    String repo = at < 0 ? text : text.substring(0, at);
    return new Wanted(
        RepoPattern.parse(repo)
            .orElseThrow(() ->
                wrong(
                    "'" + repo + "' is not a repo such as gpt2, acme/tiny or datasets/acme/data")),
        at < 0
            ? Revision.MAIN
            : Revision.parse(text.substring(at + 1))
                .orElseThrow(() ->
                    wrong("'" + text.substring(at + 1) + "' is not a branch, tag or commit")));
  }

  private ParameterException wrong(String what) {
    return new ParameterException(spec.commandLine(), what);
  }
}
