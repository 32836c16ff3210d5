package io.intrahub.cli.pull;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.FileOptions;
import io.intrahub.cli.command.HubToken;
import io.intrahub.cli.command.ProductVersion;
import io.intrahub.cli.command.StopSignal;
import io.intrahub.cli.command.StoreOptions;
import io.intrahub.config.Config;
import io.intrahub.hub.RepoType;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Loads repos through the mirror, so that it stores them. */
@Command(
    name = "pull",
    mixinStandardHelpOptions = true,
    versionProvider = ProductVersion.class,
    sortOptions = false,
    description = {
      "Fetches repos from the Hub into the store.",
      "",
      "So the first client need not wait for them. The command goes through the mirror that runs on"
          + " the store, or works on the folder of the store if none runs. Files that are stored are not fetched again, and the same command"
          + " again continues after Ctrl-C or a failure.",
      "",
      "It reads as the user does whose token is in HF_TOKEN, or in the file that 'hf auth login'"
          + " writes. In access.mode: service the mirror expects one of its own tokens there.",
      "",
      "The Hub is huggingface.co, or what upstream.endpoints or INTRAHUB_UPSTREAM_ENDPOINTS names. If"
          + " it can't be reached, intrahub doctor says why."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:all files that were asked for are stored",
      "1:some are not; the messages name them, and the same command tries them again",
      "2:the command line is wrong",
      "69:the mirror that the command line names does not answer",
      "74:the mirror stopped answering, or the token can't be read",
      "78:the files don't fit into the store, or the store or the configuration can't be used",
      "130:stopped by Ctrl-C; the same command continues",
      "143:stopped by SIGTERM; the same command continues"
    },
    footerHeading = "%nFor example:%n",
    footer = {
      "  intrahub pull gpt2",
      "  intrahub pull acme/tiny@v1 datasets/acme/rows",
      "  intrahub pull --exclude '*.bin' --exclude 'onnx/*' acme/tiny"
    })
public final class PullCommand implements Callable<Integer> {
  private static final int INTERRUPTED = 130;
  private static final int MOST_JOBS = 64;

  private final MirrorLauncher launcher;
  private final Map<String, String> environment;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "1..*",
      paramLabel = "REPO[@REVISION]",
      description =
          "A repo such as gpt2, acme/tiny or datasets/acme/data, with a branch, tag or commit"
              + " (default: main).")
  private List<String> repos = new ArrayList<>();

  @Mixin private FileOptions files = new FileOptions();

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description =
          "The type of repos that are named without it: model, dataset, space or kernel (default:"
              + " model).")
  private @Nullable RepoType type;

  @Option(
      names = "--jobs",
      paramLabel = "NUMBER",
      defaultValue = "4",
      description = "How many files are fetched at the same time (default: 4).")
  private int jobs;

  @Mixin private StoreOptions options = new StoreOptions();

  /**
   * Creates the command.
   *
   * @param launcher starts a mirror if none runs
   * @param environment the variables that name the user's token
   */
  public PullCommand(MirrorLauncher launcher, Map<String, String> environment) {
    this.launcher = launcher;
    this.environment = Map.copyOf(environment);
  }

  @Override
  public Integer call() throws CommandException {
    List<WantedRevision> wanted = wanted();
    if (jobs < 1 || jobs > MOST_JOBS) {
      throw new ParameterException(
          spec.commandLine(), "--jobs is a number from 1 to " + MOST_JOBS + ", not " + jobs);
    }
    try {
      return pull(wanted).status();
    } catch (InterruptedException _) {
      return INTERRUPTED;
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.IO_ERROR,
          "The mirror stopped answering: " + SafeText.of(String.valueOf(e.getMessage())) + ".",
          e);
    }
  }

  private List<WantedRevision> wanted() {
    List<WantedRevision> wanted = new ArrayList<>();
    for (String text : repos) {
      try {
        wanted.add(WantedRevision.parse(text, Optional.ofNullable(type)));
      } catch (WantedRevision.InvalidException e) {
        throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
      }
    }
    return wanted.stream().distinct().toList();
  }

  private ExitCode pull(List<WantedRevision> wanted)
      throws CommandException, IOException, InterruptedException {
    Config config = options.load();
    Optional<String> token = HubToken.find(environment);
    Optional<MirrorChoice.Found> running =
        MirrorChoice.find(config, options.namesListener(), options.namesFolder(config));
    try (StopSignal stop = new StopSignal()) {
      if (running.isPresent()) {
        MirrorChoice.Found found = running.get();
        // It may have another configuration.
        return pull(
            wanted, config, Optional.empty(), found.clients(), found.operator(), token, stop);
      }
      try (MirrorLauncher.Launched mirror = launcher.launch(config)) {
        Optional<String> hub =
            config.upstream().endpoints().stream()
                .map(endpoint -> endpoint.address().toString())
                .findFirst();
        return pull(wanted, config, hub, mirror.clients(), mirror.operator(), token, stop);
      }
    }
  }

  private ExitCode pull(
      List<WantedRevision> wanted,
      Config config,
      Optional<String> hub,
      URI clients,
      URI operator,
      Optional<String> token,
      StopSignal stop)
      throws CommandException, IOException, InterruptedException {
    PullConsole console = PullConsole.of(spec, options.json());
    // Not while a mirror starts or closes: what it does with files must not be interrupted.
    try (MirrorClient mirror = new MirrorClient(clients, token)) {
      stop.interrupts(true);
      return new PullRun(
              mirror,
              new PullPlanner(mirror, files.patterns()),
              () -> StoreSpace.ask(operator, config.store()),
              hub,
              console,
              jobs)
          .run(wanted);
    } finally {
      stop.interrupts(false);
    }
  }
}
