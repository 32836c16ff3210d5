package io.intrahub.cli;

import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CacheImport;
import io.intrahub.cachefolder.CacheView;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.QuietLog;
import io.intrahub.cli.command.RemoteJob;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StoreOptions;
import io.intrahub.cli.command.StoreTarget;
import io.intrahub.config.Config;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.StoreException;
import io.intrahub.store.StoreUsage;
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
      "Brings what a client has downloaded into the store.",
      "",
      "The mirror then need not fetch it. A mirror that runs on the store does the import itself, if"
          + " its user can read the folder. The digest of each file is computed anew; damaged and"
          + " unfinished files, and links that lead out of the folder, are skipped. The same command"
          + " again continues an import that was interrupted.",
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
      "69:no mirror answers where the command line names one",
      "74:a folder can't be read or written; the same command continues",
      "78:the store is in use or can't be used, or the configuration is wrong"
    },
    footerHeading = "%nFor example:%n",
    footer = {
      "  intrahub import --hf-cache ~/.cache/huggingface/hub",
      "  intrahub import --hf-cache /media/stick/hub --repo 'acme/*'",
      "  intrahub import --olah /srv/olah/repos --repo 'acme/*'",
      "  intrahub import --local-dir ./tiny --repo acme/tiny@main",
      "  intrahub import --git ./tiny --repo acme/tiny@main"
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
        names = "--olah",
        paramLabel = "FOLDER",
        description =
            "The store of Olah 0.5, another mirror: the folder of its option --repos-path. Stop"
                + " Olah first.")
    private @Nullable Path olah;

    @Option(
        names = "--local-dir",
        paramLabel = "FOLDER",
        description = "A folder to which a client downloaded one repo with --local-dir.")
    private @Nullable Path local;

    @Option(
        names = "--git",
        paramLabel = "FOLDER",
        description =
            "A git clone of one repo, with the LFS files that git-lfs has downloaded: the commit"
                + " that is checked out.")
    private @Nullable Path git;

    @Option(
        names = "--files",
        paramLabel = "FOLDER",
        description = "Plain files of one repo. Name it with --repo, and --commit.")
    private @Nullable Path files;

    /** The one that is given. */
    ImportJob job(List<String> repos, String commit, boolean link) {
      if (cache != null) {
        return job(ImportJob.Kind.HF_CACHE, cache, repos, commit, link);
      }
      if (olah != null) {
        return job(ImportJob.Kind.OLAH, olah, repos, commit, link);
      }
      if (local != null) {
        return job(ImportJob.Kind.LOCAL_DIR, local, repos, commit, link);
      }
      if (git != null) {
        return job(ImportJob.Kind.GIT, git, repos, commit, link);
      }
      if (files != null) {
        return job(ImportJob.Kind.FILES, files, repos, commit, link);
      }
      throw new IllegalStateException("picocli demands one of them");
    }

    private static ImportJob job(
        ImportJob.Kind kind, Path folder, List<String> repos, String commit, boolean link) {
      return new ImportJob(kind, folder.toAbsolutePath().normalize(), repos, commit, link);
    }
  }

  @Option(
      names = "--repo",
      paramLabel = "PATTERN",
      description =
          "Imports only repos such as 'acme/*', gpt2 or 'datasets/acme/*'. Repeat it for more. With"
              + " --local-dir, --git and --files: the repo, and @REVISION if clients are to find it under a branch or"
              + " tag.")
  private List<String> repos = new ArrayList<>();

  @Option(
      names = "--commit",
      paramLabel = "COMMIT",
      description = "With --files: the commit that the files are of, 40 hexadecimal digits.")
  private String commit = "";

  @Option(
      names = "--link",
      description =
          "Makes hard links in the store instead of copies. They take no space, but whoever changes"
              + " such a file in the client's folder changes it in the store too, and the file"
              + " becomes read-only. Only for a folder on the same file system that nobody writes"
              + " to any more.")
  private boolean link;

  @Mixin private StoreOptions options = new StoreOptions();

  @Override
  public Integer call() throws CommandException, InterruptedException {
    ImportJob job;
    try {
      job = source.job(repos, commit, link).checked();
    } catch (ImportJob.InvalidException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    StoreTarget target = options.target();
    ReportOutput output = options.output(spec);
    Optional<ExitCode> done =
        RemoteJob.runInMirror(target, MirrorImport.NAME, job.toJson(), output);
    return done.isPresent()
        ? done.get().status()
        : runHere(target.config().store(), job, new ImportReport(output));
  }

  private int failed(String why) {
    spec.commandLine().getErr().println("intrahub: " + why);
    return Main.EX_IOERR;
  }

  private int runHere(Config.Store config, ImportJob job, ImportReport report)
      throws StartException {
    DiskBudgetSettings settings =
        new DiskBudgetSettings(
            config.maxSize().bytes(),
            config.minFree().bytes(),
            config.highWatermark(),
            config.lowWatermark());
    Clock clock = Clock.systemUTC();
    MemoryBudget memory = new MemoryBudget(MEMORY, Duration.ZERO);
    ImportJob.Opened opened;
    try {
      // For this process: it is given back with its end.
      opened = job.open(memory, memory.reservation(ImportJob.HOLDER));
    } catch (ImportJob.InvalidException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      return failed(stopped(job.folder(), e));
    }
    try (QuietLog _ = new QuietLog();
        FsStore store = FsStore.open(config.path(), clock, settings, Runnable::run)) {
      CacheView.follow(store, config.path());
      // It must know what it has before it makes space.
      store.scan();
      StoreUsage before = store.usage();
      CacheImport run =
          new CacheImport(
              store, ImportGuard.offline(store.repos(), clock), memory, clock, link, report::added);
      job.run(opened, run, config.path(), report);
      report.evicted(before, store.usage());
      report.end();
      return report.isComplete() ? 0 : INCOMPLETE;
    } catch (StoreException e) {
      throw new StartException(
          e.getMessage()
              + ". If a mirror runs on it, name its operator's listener with --admin-host and"
              + " --admin-port, and the import goes through it",
          e);
    } catch (IOException e) {
      return failed(stopped(job.folder(), e));
    }
  }

  /** Says that an import came to an end too early. */
  static String stopped(Path folder, IOException why) {
    return "The import from "
        + folder
        + " stopped: "
        + FileErrors.describe(why)
        + ". What is complete stays, and the same command continues.";
  }
}
