package io.intrahub.cli;

import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.OperatorListener;
import io.intrahub.cli.command.RunningMirror;
import io.intrahub.cli.doctor.Check;
import io.intrahub.cli.doctor.Checkup;
import io.intrahub.cli.doctor.EndpointProbe;
import io.intrahub.cli.doctor.JsonReport;
import io.intrahub.cli.doctor.ShapeRecorder;
import io.intrahub.cli.doctor.SilentListenerNote;
import io.intrahub.cli.doctor.TextReport;
import io.intrahub.config.Config;
import io.intrahub.config.ConfigException;
import io.intrahub.config.ConfigLoader;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import io.intrahub.hub.RepoType;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.net.HttpProbe;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Examines everything that a mirror needs, and says what to change. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Examines everything that a mirror needs, and says what to change.",
      "",
      "That is its folder and disk, memory, ports, the way to the Hub with DNS, proxy and certificates, the"
          + " clock, the token, and how many calls the Hub still allows. Then it loads a small repo"
          + " twice, through the mirror that runs or else through one that it starts for that. It"
          + " takes the options, file and environment of serve and ends within a minute."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:no check failed, though there may be warnings",
      "1:at least one check failed, or a question of --record had no answer",
      "2:the command line is wrong",
      "69:--record: the Hub does not answer",
      "74:--record: the file can't be written",
      "78:the configuration is wrong"
    },
    footerHeading = "%nFor example:%n",
    footer = {"  intrahub doctor --config /etc/intrahub.yaml"})
final class DoctorCommand implements Callable<Integer> {
  private static final Duration TOTAL = Duration.ofSeconds(60);
  private static final Duration PATIENCE = Duration.ofSeconds(8);

  /** Well-known repos of huggingface.co whose shapes are recorded besides that of the model. */
  private static final RepoId DATASET = new RepoId(RepoType.DATASET, "rajpurkar/squad");

  private static final RepoId GATED = new RepoId(RepoType.MODEL, "meta-llama/Llama-3.1-8B");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--repo",
      paramLabel = "REPO",
      defaultValue = "hf-internal-testing/tiny-random-bert",
      description = {
        "The small public repo to ask about and to load, such as acme/tiny or datasets/acme/x"
            + " (default: ${DEFAULT-VALUE})."
      })
  private String repo = "";

  @Option(names = "--json", description = "Prints the results as JSON.")
  private boolean json;

  @Option(
      names = "--record",
      paramLabel = "FILE",
      description = {
        "Examines nothing, and writes the shapes of the Hub's answers to a list of questions to this"
            + " file instead: status, names of headers, keys and types of JSON, but no value, content"
            + " or token. Send it to the developers if the mirror and your Hub disagree."
      })
  private @Nullable Path recording;

  @Mixin private ServeOptions options = new ServeOptions();

  @Override
  public Integer call() throws CommandException, InterruptedException {
    RepoId subject = subject();
    Config config;
    try {
      config =
          ConfigLoader.load(Optional.ofNullable(options.config), System.getenv(), options.given());
    } catch (ConfigException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
    AppSettings settings = AppSettingsFactory.of(config, System.getenv());
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("timer").factory());
    try (HttpProbe http =
        new HttpProbe(
            settings.upstream().network(),
            settings.upstream().endpoints().stream()
                .map(endpoint -> endpoint.address().getHost())
                .collect(Collectors.toSet()),
            timer)) {
      return recording == null
          ? examine(config, settings, subject, http)
          : record(recording, settings, subject, http);
    } finally {
      timer.shutdownNow();
    }
  }

  private RepoId subject() {
    return RepoPattern.parse(repo)
        .flatMap(pattern -> RepoId.parse(pattern.type(), pattern.glob()))
        .orElseThrow(() ->
            new ParameterException(
                spec.commandLine(),
                "--repo: '" + repo + "' is not a repo such as gpt2, acme/tiny or datasets/acme/x"));
  }

  private int examine(Config config, AppSettings settings, RepoId subject, HttpProbe http)
      throws InterruptedException {
    URI operator = OperatorListener.address(config.admin().host(), config.admin().port());
    List<Check> checks = new ArrayList<>();
    Optional<RunningMirror> running = running(operator, checks);
    checks.addAll(
        new DoctorChecks(
                settings,
                config.server().connections(),
                ProxyDiscovery.source(config.upstream().proxy(), System.getenv()),
                Clock.systemUTC(),
                subject,
                !config.access().rules().isEmpty(),
                PATIENCE)
            .all(http, running, operator));
    return report(checks).status();
  }

  private int record(Path file, AppSettings settings, RepoId subject, HttpProbe http)
      throws CommandException {
    EndpointSettings endpoint =
        settings.upstream().endpoints().stream()
            .filter(EndpointSettings::authoritative)
            .findFirst()
            .orElseThrow();
    ShapeRecorder.Recording recorded;
    try {
      recorded =
          new ShapeRecorder(
                  new EndpointProbe(http, endpoint, PATIENCE),
                  new ShapeRecorder.Subjects(subject, DATASET, GATED))
              .record();
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.UNAVAILABLE, "Nothing was recorded: " + e.getMessage() + ".", e);
    }
    try {
      Files.writeString(file, recorded.json());
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.IO_ERROR, file + " can't be written: " + FileErrors.describe(e) + ".", e);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(
          JsonMapper.shared()
              .createObjectNode()
              .put("file", file.toString())
              .put("unanswered", recorded.unanswered()));
    } else {
      out.println(
          "Wrote "
              + file
              + (recorded.unanswered() == 0
                  ? "."
                  : "; " + Amounts.count(recorded.unanswered(), "question") + " had no answer."));
    }
    out.flush();
    return (recorded.unanswered() == 0 ? ExitCode.OK : ExitCode.INCOMPLETE).status();
  }

  private ExitCode report(List<Check> checks) throws InterruptedException {
    Checkup checkup = new Checkup(checks, TOTAL);
    PrintWriter out = spec.commandLine().getOut();
    boolean healthy;
    if (json) {
      JsonReport report = new JsonReport();
      healthy = checkup.run(report);
      report.print(out);
    } else {
      healthy = checkup.run(new TextReport(out, spec.commandLine().getColorScheme().ansi()));
    }
    return healthy ? ExitCode.OK : ExitCode.INCOMPLETE;
  }

  /** The mirror at the operator's listener; empty also if another server is there. */
  private static Optional<RunningMirror> running(URI operator, List<Check> notes)
      throws InterruptedException {
    try {
      return operator.getPort() == 0 ? Optional.empty() : Optional.of(RunningMirror.ask(operator));
    } catch (HttpTimeoutException _) {
      notes.add(new SilentListenerNote(operator));
      return Optional.empty();
    } catch (IOException | CommandException _) {
      return Optional.empty();
    }
  }
}
