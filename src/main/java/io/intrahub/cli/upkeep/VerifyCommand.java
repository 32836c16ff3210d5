package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.HubToken;
import io.intrahub.cli.command.ProductVersion;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StoreOptions;
import io.intrahub.config.DataSize;
import io.intrahub.hub.RepoId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks the stored files against their digests. */
@Command(
    name = VerifyJob.NAME,
    mixinStandardHelpOptions = true,
    versionProvider = ProductVersion.class,
    sortOptions = false,
    description = {
      "Finds damaged files in the store, and moves them out of the way.",
      "",
      "It reads all stored files, or those of some repos, and compares them with their digests. A"
          + " mirror that runs on the store does it itself and serves clients meanwhile. Damaged"
          + " files are named and moved to the quarantine folder of the store.",
      "",
      "A damaged file is then fetched again, if upstream answers. A mirror that runs on the store"
          + " fetches what clients without a token may read. If none runs, the command also fetches"
          + " what the user may read whose token is in HF_TOKEN, or in the file that 'hf auth login'"
          + " writes; in access.mode: service that is one of the mirror's own tokens. What can't be"
          + " fetched is named with the reason, and the next request for it tries again."
    },
    footerHeading = "%nFor example:%n",
    footer = {"  intrahub verify", "  intrahub verify acme/tiny datasets/acme/data --rate 50MB/s"})
public final class VerifyCommand implements Callable<Integer> {
  private static final String PER_SECOND = "/s";

  /** Below this, a check could not be stopped for minutes. */
  private static final long MIN_RATE = 1_000_000;

  private final UpkeepLauncher launcher;
  private final Map<String, String> environment;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "0..*",
      paramLabel = "REPO",
      description = "Repos such as gpt2, acme/tiny or datasets/acme/data (default: all).")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--rate",
      paramLabel = "RATE",
      defaultValue = "200MB/s",
      description =
          "How fast files are read, such as 50MB/s; 0 reads as fast as the disk allows (default:"
              + " ${DEFAULT-VALUE}).")
  private String rate = "";

  @Mixin private StoreOptions options = new StoreOptions();

  /**
   * Creates the command.
   *
   * @param launcher starts a mirror if none runs
   * @param environment the variables that name the user's token
   */
  public VerifyCommand(UpkeepLauncher launcher, Map<String, String> environment) {
    this.launcher = launcher;
    this.environment = Map.copyOf(environment);
  }

  @Override
  public Integer call() throws CommandException, InterruptedException {
    List<RepoId> repos = new ArrayList<>();
    for (String name : names) {
      repos.add(
          RepoNames.parse(name)
              .orElseThrow(() ->
                  wrong(
                      "'" + name + "' is not a repo such as gpt2, acme/tiny or datasets/acme/x")));
    }
    ReportOutput output = options.output(spec);
    return new UpkeepRun(
            options.target(), config -> launcher.launch(config, HubToken.find(environment)))
        .run(new VerifyJob(repos, bytesPerSecond()), output)
        .status();
  }

  private long bytesPerSecond() {
    String size =
        rate.endsWith(PER_SECOND) ? rate.substring(0, rate.length() - PER_SECOND.length()) : rate;
    return DataSize.parse(size)
        .filter(parsed -> parsed.bytes() == 0 || parsed.bytes() >= MIN_RATE)
        .orElseThrow(() -> wrong("--rate: '" + rate + "' is not a rate of 1MB/s or more, or 0"))
        .bytes();
  }

  private ParameterException wrong(String what) {
    return new ParameterException(spec.commandLine(), what);
  }
}
