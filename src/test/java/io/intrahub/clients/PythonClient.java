package io.intrahub.clients;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The Hub's own Python client, in one of the versions under {@code src/test/clients}. Each call is
 * a new process with a new {@code HF_HOME}, unless it is told another: nothing is found in a cache
 * that a test did not put there.
 *
 * <pre>
 * PythonClient hf = new PythonClient("hf-2.4.0", tmp);
 * hf.assumeAvailable();
 * JsonNode files = hf.call().endpoint(mirror).script("snapshot.py", "acme/tiny")
 *     .expectSuccess().json().get("files");
 * </pre>
 */
public final class PythonClient {
  /** All versions that are built, newest first; for {@code @ValueSource} and the like. */
  public static final List<String> VERSIONS =
      List.of("hf-2.4.0", "hf-1.33.0", "hf-0.36.2", "hf-0.23.5");

  /**
   * Why no environment has torch, for those who run the tests. Of torch 2.15.0, PyPI has no wheel
   * for the processor alone on Linux x86-64. The one it has (539 MB) cannot be imported without the
   * CUDA packages that it requires: 3.0 GB to download, with them.
   */
  public static final String NO_TORCH =
      "PyPI has no CPU-only torch for Linux x86-64, and torch with the CUDA packages that it"
          + " requires is a download of 3.0 GB";

  // Surefire and Failsafe start their JVM in the folder of the module.
  private static final Path SCRIPTS = Path.of("src/test/clients/scripts").toAbsolutePath();
  private static final Path ENVIRONMENTS = Path.of("target/clients").toAbsolutePath();

  /** Longer than the build takes on a slow link. */
  private static final Duration BUILD = Duration.ofMinutes(20);

  private final String name;
  private final Path homes;

  /**
   * @param name one of {@link #VERSIONS}
   * @param homes an existing folder in which the home folders are made: a {@code @TempDir}
   */
  public PythonClient(String name, Path homes) {
    this.name = name;
    this.homes = homes;
  }

  /**
   * Skips the test, with the reason, if this version is not built; under CI fails it. Waits while
   * {@code src/test/clients/build} runs.
   */
  public void assumeAvailable() {
    await().atMost(BUILD).until(() -> !isBuilding());
    if (Files.isExecutable(program("python"))) {
      return;
    }
    Path why = ENVIRONMENTS.resolve(name + ".why");
    try {
      ClientProcess.missing(
          name
              + " is not there: "
              + (Files.exists(why)
                  ? Files.readString(why).strip()
                  : "it was never built (./check or src/test/clients/build does it)"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isBuilding() throws IOException {
    try {
      String pid = Files.readString(ENVIRONMENTS.resolve(".building")).strip();
      return !pid.isEmpty() && ProcessHandle.of(Long.parseLong(pid)).isPresent();
    } catch (NoSuchFileException _) {
      return false;
    }
  }

  /** Begins a call, in a new home folder. */
  public Call call() {
    try {
      return new Call(Files.createTempDirectory(homes, name + "-"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path program(String program) {
    return ENVIRONMENTS.resolve(name).resolve("bin").resolve(program);
  }

  private List<Path> installed() throws IOException {
    Path lib = ENVIRONMENTS.resolve(name).resolve("lib");
    List<Path> all = new ArrayList<>();
    try (DirectoryStream<Path> pythons = Files.newDirectoryStream(lib, "python3*")) {
      for (Path python : pythons) {
        try (DirectoryStream<Path> packages =
            Files.newDirectoryStream(python.resolve("site-packages"))) {
          packages.forEach(all::add);
        }
      }
    }
    return all;
  }

  /** One call: settings first, then one of {@link #script}, {@link #code} and {@link #hf}. */
  public final class Call {
    private final Map<String, String> env = new HashMap<>();
    private final List<String> flags = new ArrayList<>();
    private Path home;

    /** Some wait for 20 s, and try again for as long, beside many others on a busy machine. */
    private Duration timeout = Duration.ofMinutes(3);

    private Call(Path home) {
      this.home = home;
      env.put("PYTHONPATH", SCRIPTS.toString());
      // No __pycache__ among the sources.
      env.put("PYTHONDONTWRITEBYTECODE", "1");
      env.put("HF_HUB_DISABLE_PROGRESS_BARS", "1");
      // The command line tool would ask the package index for its newest version.
      env.put("HF_HUB_DISABLE_UPDATE_CHECK", "1");
    }

    /** Sets {@code HF_ENDPOINT}. */
    public Call endpoint(URI endpoint) {
      return env("HF_ENDPOINT", endpoint.toString());
    }

    /** Sets {@code HF_TOKEN}. */
    public Call token(String token) {
      return env("HF_TOKEN", token);
    }

    public Call env(String key, String value) {
      env.put(key, value);
      return this;
    }

    /**
     * Lets a script or code find every installed package but one, as if that had never been
     * installed.
     */
    public Call without(String module) {
      Path packages = home.resolve("packages");
      try {
        Files.createDirectory(packages);
        for (Path installed : installed()) {
          // "hf_xet" and "hf_xet-1.8.0.dist-info"
          if (!installed.getFileName().toString().startsWith(module)) {
            Files.createSymbolicLink(packages.resolve(installed.getFileName()), installed);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      // Without "site", Python does not look into the environment itself.
      flags.add("-S");
      return env("PYTHONPATH", SCRIPTS + ":" + packages);
    }

    /** Uses this {@code HF_HOME} instead of a new one: what an earlier call left is found again. */
    public Call inHome(Path existing) {
      home = existing;
      return this;
    }

    public Call timeout(Duration limit) {
      timeout = limit;
      return this;
    }

    /** The {@code HF_HOME} of this call; the cache is {@code hub/} in it. */
    public Path home() {
      return home;
    }

    /** Runs a file of {@code src/test/clients/scripts}. */
    public ClientResult script(String file, String... args) {
      return python(List.of(SCRIPTS.resolve(file).toString()), args);
    }

    /** Runs a text of Python; it may {@code import report} to print its result. */
    public ClientResult code(String python, String... args) {
      return python(List.of("-c", python), args);
    }

    /** Runs the command line tool, which was {@code huggingface-cli} in old versions. */
    public ClientResult hf(String... args) {
      Path hf = program("hf");
      return run(Files.exists(hf) ? hf : program("huggingface-cli"), List.of(), args);
    }

    /**
     * Runs lines in a shell that finds {@code python}, {@code hf} and the other programs of this
     * version first, and has nothing but {@code HOME} of a user's settings.
     */
    public ClientResult shell(List<String> lines) {
      Path programs = ENVIRONMENTS.resolve(name).resolve("bin");
      env.put("PATH", (flags.isEmpty() ? programs : wrapped()) + ":" + System.getenv("PATH"));
      return ClientProcess.shell(lines, env, home, timeout);
    }

    /** Returns a folder of programs that start Python with the flags. */
    private Path wrapped() {
      try {
        Path folder = Files.createDirectory(home.resolve("bin"));
        String python = program("python") + " " + String.join(" ", flags);
        for (String program : List.of("python", "hf")) {
          Path wrapper = folder.resolve(program);
          String script = program.equals("hf") ? program("hf") + " " : "";
          Files.writeString(wrapper, "#!/bin/sh\nexec %s %s\"$@\"\n".formatted(python, script));
          Files.setPosixFilePermissions(wrapper, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        return folder;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private ClientResult python(List<String> what, String... args) {
      List<String> first = new ArrayList<>(flags);
      first.addAll(what);
      return run(program("python"), first, args);
    }

    /**
     * Starts a file of {@code src/test/clients/scripts} that reads from standard input until that
     * ends.
     */
    Process start(String file) {
      env.put("HF_HOME", home.toString());
      return ClientProcess.start(
          List.of(program("python").toString(), SCRIPTS.resolve(file).toString()), env, home);
    }

    private ClientResult run(Path program, List<String> first, String... args) {
      env.put("HF_HOME", home.toString());
      List<String> command = new ArrayList<>();
      command.add(program.toString());
      command.addAll(first);
      command.addAll(List.of(args));
      return ClientProcess.run(command, env, home, timeout);
    }
  }
}
