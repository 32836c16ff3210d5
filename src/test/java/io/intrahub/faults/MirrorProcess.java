package io.intrahub.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.testing.TokenSearch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The product in a process of its own, as {@code ./intrahub serve} starts it, to be killed. Closing
 * it fails the test if there is the text of a token in its log or, where flags name it, its store.
 */
public final class MirrorProcess implements AutoCloseable {
  /** For a process that lives for seconds: it neither compiles nor collects for the long run. */
  public static final List<String> STARTS_QUICKLY =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private static final int SIGINT = 2;
  private static final int SIGTERM = 15;
  private static final Pattern PORT = Pattern.compile("Clients: .*:(\\d+)$");
  private static final Pattern ADMIN = Pattern.compile("Operator: (http://[^/]+)/");

  private final Process process;
  private final Path log;
  private final URI uri;
  private final URI admin;
  private final Optional<Path> data;

  private MirrorProcess(Process process, Path log, URI uri, URI admin, List<String> flags) {
    this.process = process;
    this.log = log;
    this.uri = uri;
    this.admin = admin;
    int flag = flags.indexOf("--data");
    this.data = flag < 0 ? Optional.empty() : Optional.of(Path.of(flags.get(flag + 1)));
  }

  /** The jar that the build made; real processes are tested after it was packed. */
  public static Path jar() {
    try (Stream<Path> files = Files.list(Path.of("target"))) {
      return files
          .filter(f -> f.getFileName().toString().matches("intrahub-[\\d.]+\\.jar"))
          .findFirst()
          .orElseThrow(() -> new AssertionError("target/ has no jar: run ./check"))
          .toAbsolutePath();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A JVM for the product with these options and arguments; its stderr goes to {@code log}. It
   * starts with a cache of its classes, as in the image.
   */
  public static Process launch(Path log, List<String> options, List<String> arguments)
      throws IOException {
    return launch(log, options, arguments, Map.of());
  }

  /** The same, with more variables in its environment. */
  public static Process launch(
      Path log, List<String> options, List<String> arguments, Map<String, String> environment)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    command.addAll(options);
    if (options.stream().noneMatch(o -> o.startsWith("-XX:AOT"))) {
      command.add(TrainedClasses.option());
    }
    command.add("-jar");
    command.add(jar().toString());
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    // A proxy of whoever runs the tests does not lead to this machine.
    builder.environment().keySet().removeIf(n -> n.toLowerCase(Locale.ROOT).endsWith("_proxy"));
    builder.environment().put("INTRAHUB_ADMIN_PORT", "0");
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** A shell that starts the tests in the background has them and their children ignore SIGINT. */
  private static int signal() throws IOException {
    String ignored =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .map(line -> line.substring("SigIgn:".length()).strip())
            .findFirst()
            .orElse("0");
    return new BigInteger(ignored, 16).testBit(SIGINT - 1) ? SIGTERM : SIGINT;
  }

  /** Sends the signal of Ctrl-C, or SIGTERM, and returns its number. */
  public static int interrupt(Process process) throws IOException, InterruptedException {
    int signal = signal();
    int status = new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start().waitFor();
    assertThat(status == 0 || !process.isAlive()).as("the signal was sent, or is late").isTrue();
    return signal;
  }

  /**
   * Starts {@code serve} and waits until it listens.
   *
   * @param log where its stderr goes
   * @param options for the JVM
   */
  public static MirrorProcess serve(Path data, URI upstream, Path log, List<String> options)
      throws IOException {
    return serve(data, upstream, log, options, Map.of());
  }

  /** The same, with more variables in its environment. */
  public static MirrorProcess serve(
      Path data, URI upstream, Path log, List<String> options, Map<String, String> environment)
      throws IOException {
    return serve(data, upstream, log, options, environment, 0);
  }

  /** The same on a given port, for clients that outlive the process. */
  public static MirrorProcess serve(
      Path data,
      URI upstream,
      Path log,
      List<String> options,
      Map<String, String> environment,
      int port)
      throws IOException {
    return serve(
        log,
        options,
        List.of(
            "--host",
            "127.0.0.1",
            "--port",
            Integer.toString(port),
            "--data",
            data.toString(),
            "--upstream",
            upstream + "#send-tokens"),
        environment);
  }

  /** The same with other flags, for an address of this machine. */
  public static MirrorProcess serve(
      Path log, List<String> options, List<String> flags, Map<String, String> environment)
      throws IOException {
    List<String> arguments = new ArrayList<>(List.of("serve"));
    arguments.addAll(flags);
    Process process = launch(log, options, arguments, environment);
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    Optional<URI> clients = Optional.empty();
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      Matcher m = PORT.matcher(line);
      if (m.find()) {
        clients = Optional.of(URI.create("http://127.0.0.1:" + m.group(1)));
      }
      Matcher operator = ADMIN.matcher(line);
      if (operator.find() && clients.isPresent()) {
        return new MirrorProcess(process, log, clients.get(), URI.create(operator.group(1)), flags);
      }
    }
    throw new AssertionError("the mirror did not start:\n" + Files.readString(log));
  }

  public URI uri() {
    return uri;
  }

  /** The operator's listener. */
  public URI adminUri() {
    return admin;
  }

  /** The number of the process. */
  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /**
   * SIGSTOP, and waits until each thread has stopped, in the kernel or outside: the instant of its
   * life that a kill would have made its last, with all its connections still there. For Linux.
   */
  public void freeze() throws IOException, InterruptedException {
    Process stop = new ProcessBuilder("sh", "-c", "kill -STOP " + pid()).start();
    assertThat(stop.waitFor()).as("the status of kill -STOP").isZero();
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .atMost(Duration.ofSeconds(30))
        .until(this::isFrozen);
  }

  private boolean isFrozen() throws IOException {
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid() + "/task"))) {
      for (Path thread : threads.toList()) {
        String stat = Files.readString(thread.resolve("stat"), StandardCharsets.ISO_8859_1);
        // The state comes after the name, which is in brackets and may hold any character.
        if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
          return false;
        }
      }
      return true;
    } catch (NoSuchFileException e) {
      // A thread has ended meanwhile.
      return false;
    }
  }

  /**
   * Waits until nothing goes on behind the clients' backs: no transfer, no listing, no refresh. A
   * client may have all of a file before the store has it.
   */
  public void awaitIdle() {
    await("the mirror has nothing to do")
        .atMost(Duration.ofSeconds(60))
        .until(() -> metrics().contains("\nintrahub_tasks_running 0.0\n"));
  }

  private String metrics() throws IOException {
    try (InputStream in = admin.resolve("/metrics").toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** SIGKILL: nothing of the process runs after this. Harmless when it is dead already. */
  public void kill() {
    process.destroyForcibly();
  }

  /** SIGTERM, and waits for the orderly end. */
  public void stop() throws InterruptedException {
    process.destroy();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the mirror ended").isTrue();
  }

  /** Waits until the process is gone, so that its lock is too. */
  public void awaitDeath() throws InterruptedException {
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("the killed mirror is gone").isTrue();
  }

  public Path log() {
    return log;
  }

  @Override
  public void close() throws InterruptedException {
    kill();
    awaitDeath();
    TokenSearch.expectNoneInLogs(log);
    data.ifPresent(TokenSearch::expectNoneInFolder);
  }
}
