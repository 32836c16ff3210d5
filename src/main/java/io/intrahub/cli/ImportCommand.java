package io.intrahub.cli;

import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CacheFolderReader;
import io.intrahub.cachefolder.CacheImport;
import io.intrahub.cachefolder.CachedFiles;
import io.intrahub.cachefolder.LocalFolderReader;
import io.intrahub.config.Config;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import io.intrahub.hub.Revision;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Brings what a client has downloaded into the store. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Brings repos from a folder of the Hub's Python clients into the store, so that the mirror"
          + " need not fetch them. Stop the mirror first. The digest of each file is computed anew;"
          + " damaged and unfinished files, and links that lead out of the folder, are skipped. The"
          + " same command again continues an import that was interrupted.",
      "",
      "An import lets nobody read a repo. The Hub says who may, as always, and what it says of a"
          + " commit counts more than the folder. In an air gap (mode: offline), access.rules say"
          + " who may; a rule needs gated: true and private: true for a repo of which the Hub never"
          + " said that it is public. The folder says which file belongs to which commit, so import"
          + " only from people you trust."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:all files are in the store",
      "1:some files were skipped, or no repo was found; the others are in the store",
      "2:the command line is wrong",
      "74:a folder can't be read or written; the same command continues",
      "78:the store is in use or can't be used, or the configuration is wrong"
    },
    footerHeading = "%nFor example:%n",
    footer = {
      "  intrahub import --hf-cache ~/.cache/huggingface/hub",
      "  intrahub import --hf-cache /media/stick/hub --repo 'acme/*'",
      "  intrahub import --local-dir ./tiny --repo acme/tiny@main"
    })
final class ImportCommand implements Callable<Integer> {
  /** The exit status if some files were skipped. */
  static final int INCOMPLETE = 1;

  private static final long MEMORY = 64L << 20;

  @Spec private CommandSpec spec = CommandSpec.create();

  @ArgGroup(multiplicity = "1")
  private Source source = new Source();

  /** Where from: one of them. */
  private static final class Source {
    @Option(
        names = "--hf-cache",
        paramLabel = "FOLDER",
        description =
            "A cache folder, which clients know as HF_HUB_CACHE (by default"
                + " ~/.cache/huggingface/hub).")
    private @Nullable Path cache;

    @Option(
        names = "--local-dir",
        paramLabel = "FOLDER",
        description = "A folder to which a client downloaded one repo with --local-dir.")
    private @Nullable Path local;
  }

  @Option(
      names = "--repo",
      paramLabel = "PATTERN",
      description =
          "Imports only repos such as 'acme/*', gpt2 or 'datasets/acme/*'. Repeat it for more. With"
              + " --local-dir: the repo, and @REVISION if clients are to find it under a branch or"
              + " tag.")
  private List<String> repos = new ArrayList<>();

  @Option(
      names = "--link",
      description =
          "Makes hard links in the store instead of copies. They take no space, but whoever changes"
              + " such a file in the client's folder changes it in the store too, and the file"
              + " becomes read-only. Only for a folder on the same file system that nobody writes"
              + " to any more.")
  private boolean link;

  @Option(names = "--json", description = "Prints the result as JSON.")
  private boolean json;

  @Mixin private StoreFolder storeFolder = new StoreFolder();

  @Override
  public Integer call() throws StartException {
    List<RepoPattern> wanted = new ArrayList<>();
    Optional<Target> target = Optional.empty();
    if (source.local == null) {
      repos.stream().map(this::pattern).forEach(wanted::add);
    } else {
      target = Optional.of(target());
    }
    Config.Store config = storeFolder.load().store();
    ImportReport report =
        new ImportReport(spec.commandLine().getOut(), spec.commandLine().getErr(), json);
    try {
      CachedFiles folder = open(target);
      List<RepoId> found =
          folder.repos().stream()
              .filter(
                  repo -> wanted.isEmpty() || wanted.stream().anyMatch(one -> one.matches(repo)))
              .toList();
      if (found.isEmpty()) {
        report.nothingFound(folderName());
      } else {
        run(config, folder, found, report);
      }
      report.end();
      return report.isComplete() ? 0 : INCOMPLETE;
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      spec.commandLine()
          .getErr()
          .println(
              "intrahub: The import from "
                  + folderName()
                  + " stopped: "
                  + FileErrors.describe(e)
                  + ". What is complete stays, and the same command continues.");
      return Main.EX_IOERR;
    }
  }

  private void run(Config.Store config, CachedFiles folder, List<RepoId> found, ImportReport report)
      throws StoreException, IOException {
    DiskBudgetSettings settings =
        new DiskBudgetSettings(
            config.maxSize().bytes(),
            config.minFree().bytes(),
            config.highWatermark(),
            config.lowWatermark());
    try (FsStore store = FsStore.open(config.path(), Clock.systemUTC(), settings, Runnable::run)) {
      // It must know what it has before it makes space.
      store.scan();
      CacheImport run =
          new CacheImport(
              store,
              ImportGuard.offline(store.repos(), Clock.systemUTC()),
              new MemoryBudget(MEMORY, Duration.ZERO),
              Clock.systemUTC(),
              link,
              report::added);
      for (RepoId repo : found) {
        report.done(run.run(folder, repo));
      }
      report.evicted(store.usage());
    }
  }

  /** What a plain folder holds. */
  private record Target(RepoId repo, Optional<Revision> revision) {}

  private CachedFiles open(Optional<Target> target) throws IOException {
    return target.isPresent()
        ? new LocalFolderReader(folderName(), target.get().repo(), target.get().revision())
        : new CacheFolderReader(folderName());
  }

  private Path folderName() {
    return Optional.ofNullable(source.cache)
        .or(() -> Optional.ofNullable(source.local))
        .orElseThrow();
  }

  private Target target() {
    if (repos.size() != 1) {
      throw wrong(
          "--local-dir: name the repo of the folder with one --repo, such as acme/tiny@main");
    }
    String text = repos.getFirst();
    int at = text.indexOf('@');
    String name = at < 0 ? text : text.substring(0, at);
    RepoId repo =
        RepoPattern.parse(name)
            .flatMap(pattern -> RepoId.parse(pattern.type(), pattern.glob()))
            .orElseThrow(() ->
                wrong(
                    "--repo: '"
                        + name
                        + "' is not a repo such as gpt2, acme/tiny or datasets/acme/data"));
    if (at < 0) {
      return new Target(repo, Optional.empty());
    }
    Revision revision =
        Revision.parse(text.substring(at + 1))
            .orElseThrow(
                () -> wrong("--repo: '" + text.substring(at + 1) + "' is not a branch or tag"));
    return new Target(repo, Optional.of(revision));
  }

  private RepoPattern pattern(String text) {
    return RepoPattern.parse(text)
        .orElseThrow(() ->
            wrong(
                "--repo: '"
                    + text
                    + "' is not a pattern of repos such as acme/*, datasets/acme/* or gpt2"));
  }

  private ParameterException wrong(String what) {
    return new ParameterException(spec.commandLine(), what);
  }
}
