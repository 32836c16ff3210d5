package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.PythonClient;
import io.intrahub.faults.MirrorProcess;
import io.intrahub.testing.ListingHub;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Listings of hundreds of thousands of files in a process with little memory. */
class LargeListingsIT {
  private static final List<String> LITTLE_MEMORY =
      List.of("-Xmx96m", "-XX:+ExitOnOutOfMemoryError");
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  @TempDir Path folder;

  private final HttpClient client = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  private MirrorProcess serve(ListingHub hub, Map<String, String> environment) throws IOException {
    return MirrorProcess.serve(
        folder.resolve("data"), hub.uri(), folder.resolve("log"), LITTLE_MEMORY, environment);
  }

  private Path manifest(int repo) {
    return folder.resolve(
        "data/repos/models--acme--r%d/commits/%s/manifest".formatted(repo, ListingHub.COMMIT));
  }

  private HttpResponse<String> head(MirrorProcess mirror, int repo, String file)
      throws IOException, InterruptedException {
    URI uri = mirror.uri().resolve("/acme/r%d/resolve/main/%s".formatted(repo, file));
    return client.send(
        HttpRequest.newBuilder(uri).method("HEAD", HttpRequest.BodyPublishers.noBody()).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Asks for the listing until it is answered from the store. */
  private String learn(MirrorProcess mirror, int repo) throws IOException, InterruptedException {
    URI uri =
        mirror
            .uri()
            .resolve("/api/models/acme/r%d/tree/main?recursive=true&limit=10".formatted(repo));
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end) {
      HttpResponse<String> answer =
          client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
      if (Files.exists(manifest(repo)) && answer.statusCode() == 200) {
        return answer.body();
      }
      assertThat(mirror.isAlive()).isTrue();
    }
    throw new AssertionError("the listing of r" + repo + " was not learned");
  }

  @Test
  void six_listings_of_199_000_files_at_once_do_not_end_the_process() throws Exception {
    try (ListingHub hub = new ListingHub(199_000, 1_000)) {
      try (MirrorProcess mirror = serve(hub, Map.of())) {
        learnSix(mirror);
        mirror.stop();
      }
      int asked = hub.listings();
      try (MirrorProcess mirror = serve(hub, Map.of())) {
        learnSix(mirror);
      }
      assertThat(hub.listings()).as("pages asked for before and after a restart").isEqualTo(asked);
    }
  }

  private void learnSix(MirrorProcess mirror) throws Exception {
    List<Future<String>> answers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      int repo = i;
      answers.add(
          threads.submit(() -> {
            // What a client does first; the mirror learns the listing behind it.
            head(mirror, repo, "config.json");
            return learn(mirror, repo);
          }));
    }
    for (Future<String> answer : answers) {
      assertThat(answer.get()).contains("data/00/part-");
    }
    assertThat(mirror.isAlive()).isTrue();
    assertThat(head(mirror, 5, "no-such-file").headers().firstValue("X-Error-Code"))
        .hasValue("EntryNotFound");
  }

  @Test
  void a_listing_of_a_million_files_is_learned_beside_other_requests() throws Exception {
    try (ListingHub hub = new ListingHub(1_000_000, 10_000);
        MirrorProcess mirror = serve(hub, Map.of("INTRAHUB_LISTINGS_LEARN_LIMIT", "1000000"))) {
      AtomicBoolean learned = new AtomicBoolean();
      Future<Integer> others = threads.submit(() -> askUntil(mirror, learned));
      try {
        assertThat(learn(mirror, 0)).contains("data/00/part-");
      } finally {
        learned.set(true);
      }
      assertThat(others.get()).isPositive();
      assertThat(mirror.isAlive()).isTrue();
    }
  }

  /** Asks for the info of another repo, over and over; returns how often. */
  private int askUntil(MirrorProcess mirror, AtomicBoolean done) throws Exception {
    URI uri = mirror.uri().resolve("/api/models/acme/r1/revision/main");
    int asked = 0;
    do {
      HttpResponse<String> answer =
          client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as("answer %d: %s", asked, answer.body()).isEqualTo(200);
      asked++;
    } while (!done.get());
    return asked;
  }

  private static double cpuSeconds(MirrorProcess mirror) {
    return ProcessHandle.of(mirror.pid())
            .flatMap(process -> process.info().totalCpuDuration())
            .orElse(Duration.ZERO)
            .toMillis()
        / 1e3;
  }

  /**
   * The real clients, and the default options. It takes a minute, most of it the client's own work;
   * {@code -Dintrahub.listing=20000} is the short form.
   *
   * <p>{@code datasets} resolves patterns over the listing and opens no file for that.
   */
  @Test
  void a_large_dataset_is_listed_by_the_python_clients() throws Exception {
    int files = Integer.getInteger("intrahub.listing", 200_000);
    System.out.printf(
        "LargeListingsIT: a dataset of %d files; fewer with -Dintrahub.listing=20000%n", files);
    PythonClient python = new PythonClient("datasets-5", folder);
    python.assumeAvailable();
    try (ListingHub hub = new ListingHub(files, 1_000);
        MirrorProcess mirror = serve(hub, Map.of())) {
      hub.pages(hub::writeWithFolders);
      JsonNode seen =
          python
              .call()
              .endpoint(mirror.uri())
              .timeout(PATIENCE)
              .code(
                  """
                  import report
                  import time
                  from datasets import load_dataset
                  from huggingface_hub import HfFileSystem
                  def read():
                      root = "datasets/acme/r0"
                      fs = HfFileSystem()
                      begun = time.monotonic()
                      folder = fs.ls(root + "/data/07", detail=False)
                      listed = time.monotonic()
                      found = fs.find(root)
                      walked = time.monotonic()
                      rows = load_dataset("acme/r0", split="train", streaming=True)
                      loaded = time.monotonic()
                      return {"folders": len(fs.ls(root + "/data")), "folder": len(folder),
                              "found": len(found), "shards": rows.num_shards,
                              "seconds": f"ls {listed - begun:.1f} s, find {walked - listed:.1f} s,"
                                         f" load_dataset {loaded - walked:.1f} s;"
                                         f" the client took {time.process_time():.1f} s of CPU"}
                  report.of(read)
                  """)
              .expectSuccess()
              .json();
      assertThat(seen.get("folders").asInt()).isEqualTo(100);
      assertThat(seen.get("folder").asInt()).isEqualTo(files / 100);
      assertThat(seen.get("found").asInt()).isEqualTo(files);
      assertThat(seen.get("shards").asInt()).isEqualTo(files);
      System.out.printf(
          "LargeListingsIT: %s, the mirror %.1f s%n",
          seen.get("seconds").asString(), cpuSeconds(mirror));
      // Each listing of a client is answered from the one that the mirror learned.
      assertThat(hub.listings()).isEqualTo(files / 1_000);
    }
  }
}
