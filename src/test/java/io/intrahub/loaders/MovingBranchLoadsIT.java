package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A branch moves in the middle of a load, and the mirror, which asks the Hub at nearly every
 * request here, hears of it. Whatever the client, all files that it has in the end are of one
 * commit, and a later load has the new one.
 */
@ParameterizedClass
@FieldSource("LOADERS")
class MovingBranchLoadsIT {
  /** One process of a client. */
  record Loader(String version, String script, String repo) {
    private static Loader snapshot(String version) {
      return new Loader(version, "snapshot.py", TrellisRepo.ID);
    }

    private static Loader trellis(String version) {
      return new Loader(version, "trellis_like.py", TrellisRepo.ID);
    }

    private static Loader transformers(String version) {
      return new Loader(version, "transformers_load.py", "demo/tiny-bert");
    }
  }

  static final List<Loader> LOADERS =
      List.of(
          Loader.snapshot("hf-2.4.0"),
          Loader.snapshot("hf-1.33.0"),
          Loader.snapshot("hf-0.36.2"),
          Loader.snapshot("hf-0.23.5"),
          Loader.trellis("hf-2.4.0"),
          Loader.trellis("hf-0.36.2"),
          Loader.transformers("transformers-5"),
          Loader.transformers("transformers-4.57"));

  /**
   * What passes at each call. No load takes the 5 seconds between two requests, or the 60 in all,
   * after which a branch moves although a load may be under way.
   */
  private static final Duration TICK = Duration.ofMillis(100);

  private static final String WEIGHTS = "model.safetensors";

  @Parameter Loader loader;
  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private PythonClient client;
  private DevRepo repo;
  private String first;

  @BeforeEach
  void start() {
    client = new PythonClient(loader.version(), tmp);
    client.assumeAvailable();
    mirror =
        new MirrorUnderTest(
            tmp.resolve("data"),
            s ->
                // Long enough for a listing beside the client's own process.
                s.withMirror(
                    s.mirror()
                        .withRevisionTtl(TICK)
                        .withTimeouts(Duration.ofSeconds(30), Duration.ofSeconds(30))),
            DevHub.builder());
    DemoRepos.install(mirror.hub());
    TrellisRepo.install(mirror.hub());
    repo = mirror.hub().repo("model", loader.repo());
    first = repo.commitOf("main").orElseThrow();
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  @ParameterizedTest(name = "at upstream request {0}")
  @ValueSource(ints = {1, 4, 8})
  void a_cold_load_has_the_files_of_one_commit(int request) throws IOException {
    moveAt(request);
    assertThat(load()).isIn(first, second());
    awaitLater();
    // A client that comes while the Hub takes more than 2 seconds gets the commit before.
    await().atMost(Duration.ofSeconds(60)).until(this::branch, second()::equals);
  }

  @Test
  void a_load_of_what_is_stored_has_the_files_of_one_commit() throws IOException {
    assertThat(load()).isEqualTo(first);
    mirror.awaitIdle();
    mirror.pass(Duration.ofSeconds(30));
    // Many a load of stored files makes a single call.
    moveAt(1);
    assertThat(load()).isIn(first, second());
    awaitLater();
    assertThat(load()).isEqualTo(second());
  }

  @Test
  void a_load_beside_a_client_that_wants_the_hubs_word_has_the_files_of_one_commit()
      throws Exception {
    assertThat(load()).isEqualTo(first);
    mirror.awaitIdle();
    mirror.pass(Duration.ofSeconds(30));
    // The answer of the call at which the branch moves has left the Hub already, and the first
    // request may share it.
    FutureTask<String> word =
        new FutureTask<>(() -> {
          String named;
          do {
            named = branch(r -> r.header("Cache-Control", "no-cache"));
          } while (named.equals(first));
          return named;
        });
    AtomicBoolean moved = new AtomicBoolean();
    mirror
        .hub()
        .onRequest(_ -> {
          mirror.pass(TICK);
          if (moved.compareAndSet(false, true)) {
            repo.commit("Change all that can be", changed());
            Thread.ofVirtual().start(word);
          }
        });
    assertThat(load()).isIn(first, second());
    assertThat(word.get(60, TimeUnit.SECONDS)).isEqualTo(second());
    awaitLater();
    assertThat(load()).isEqualTo(second());
  }

  /** Time passes at each request that arrives at the Hub, and at one of them the branch moves. */
  private void moveAt(int request) {
    AtomicInteger count = new AtomicInteger();
    mirror
        .hub()
        .onRequest(_ -> {
          mirror.pass(TICK);
          if (count.incrementAndGet() == request) {
            repo.commit("Change all that can be", changed());
          }
        });
  }

  /** It moves when the Hub has sent its answer, and so perhaps after the client's end. */
  private String second() {
    return await("the branch moved during the load")
        .until(() -> repo.commitOf("main").orElseThrow(), now -> !now.equals(first));
  }

  /** Clients can read the new files as well as the old ones: JSON has a space more. */
  private Map<String, DevFile> changed() {
    Map<String, DevFile> files = new HashMap<>();
    repo.files(first)
        .forEach((path, file) -> {
          byte[] bytes = file.allBytes();
          if (path.endsWith(".json")) {
            files.put(path, DevFile.text(new String(bytes, StandardCharsets.UTF_8) + " "));
          } else if (path.endsWith(".safetensors")) {
            bytes[bytes.length - 1] ^= 1;
            files.put(path, DevFile.lfs(bytes));
          }
        });
    return files;
  }

  /**
   * Loads with a new process and an empty cache folder.
   *
   * @return the commit that all its files are of
   */
  private String load() throws IOException {
    PythonClient.Call call = client.call().endpoint(mirror.uri());
    var _ = call.script(loader.script(), loader.repo()).expectSuccess();
    Path snapshots =
        call.home().resolve("hub/models--" + loader.repo().replace("/", "--")).resolve("snapshots");
    List<Path> commits = new ArrayList<>();
    try (Stream<Path> folders = Files.list(snapshots)) {
      for (Path folder : folders.toList()) {
        if (!isOfAnotherCall(folder)) {
          commits.add(folder);
        }
      }
    }
    assertThat(commits).as("commits of the files of one load").hasSize(1);
    String commit = commits.getFirst().getFileName().toString();
    try (Stream<Path> all = Files.walk(commits.getFirst())) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String path = commits.getFirst().relativize(file).toString();
        assertThat(Files.readAllBytes(file))
            .as("%s of %s", path, commit)
            .isEqualTo(repo.file(commit, path).orElseThrow().allBytes());
      }
    }
    return commit;
  }

  /**
   * transformers 5 asks for the commit of the default branch, and for all files at that commit. The
   * script then loads the weights by themselves from {@code main}, of which the mirror knows
   * nothing yet and not whether it is the default branch: that is another load.
   */
  private boolean isOfAnotherCall(Path snapshot) throws IOException {
    if (!loader.version().equals("transformers-5")) {
      return false;
    }
    try (Stream<Path> files = Files.list(snapshot)) {
      return files.map(f -> f.getFileName().toString()).toList().equals(List.of(WEIGHTS));
    }
  }

  private void awaitLater() {
    mirror.hub().onRequest(_ -> {});
    mirror.awaitIdle();
    mirror.pass(Duration.ofMinutes(20));
  }

  /** The commit to which the branch leads. */
  private String branch() throws IOException, InterruptedException {
    return branch(_ -> {});
  }

  private String branch(Consumer<HttpRequest.Builder> change)
      throws IOException, InterruptedException {
    String path = repo.files(first).keySet().iterator().next();
    URI file = mirror.uri().resolve("/" + loader.repo() + "/resolve/main/" + path);
    HttpRequest.Builder head = HttpRequest.newBuilder(file).HEAD();
    change.accept(head);
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(head.build(), HttpResponse.BodyHandlers.discarding())
          .headers()
          .firstValue("X-Repo-Commit")
          .orElseThrow();
    }
  }
}
