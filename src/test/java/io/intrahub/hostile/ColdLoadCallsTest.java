package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How many calls of the Hub the first load of a whole repo costs, counted at the Hub. */
class ColdLoadCallsTest {
  private static final String ID = "acme/calls";
  private static final int SMALL = 12;
  private static final int LARGE = 8;

  private static final int AT_ONCE = 8;

  /**
   * Repo info, the listing, one batch call for the addresses of the LFS files, a first hop for one
   * small file, and a read of each file.
   */
  private static final int MOST_CALLS = 4 + LARGE + SMALL;

  /** What {@code snapshot_download} of each generation asks for before the files. */
  enum Generation {
    V0_23(false),
    V0_36(false),
    V1_33(true),
    V2_4(true);

    private final boolean lists;

    Generation(boolean lists) {
      this.lists = lists;
    }
  }

  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevRepo repo;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    repo = mirror.hub().repo("model", ID);
    Map<String, DevFile> files = new HashMap<>();
    for (int i = 0; i < SMALL; i++) {
      files.put("a part %02d/words.txt".formatted(i), DevFile.text("words " + i + "\n"));
    }
    for (int i = 0; i < LARGE; i++) {
      files.put("model-%d.safetensors".formatted(i), DevFile.lfsGenerated(i, 100_000));
    }
    repo.commit("Add the model", files);
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  @ParameterizedTest
  @EnumSource
  void a_cold_load_asks_upstream_once_about_all_files_and_a_warm_one_not_at_all(
      Generation generation) throws Exception {
    load(generation);

    assertThat(mirror.upstream())
        .as("%s", mirror.upstreamByRoute())
        .hasSizeLessThanOrEqualTo(MOST_CALLS);
    assertThat(mirror.contentReads()).hasSize(SMALL + LARGE);

    mirror.mark();
    load(generation);
    mirror.expectSilence();
  }

  /** As the clients do: commit, listing if they use it, then eight files at a time. */
  private void load(Generation generation) throws Exception {
    assertThat(get("/api/models/" + ID + "/revision/main").statusCode()).isEqualTo(200);
    String commit = repo.commitOf("main").orElseThrow();
    if (generation.lists) {
      get("/api/models/" + ID + "/tree/" + commit + "?recursive=true&expand=false");
    }
    try (ExecutorService workers = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Future<?>> running = new ArrayList<>();
      repo.files("main")
          .forEach((path, file) -> running.add(workers.submit(() -> load(commit, path, file))));
      for (Future<?> one : running) {
        one.get();
      }
    }
    mirror.awaitIdle();
  }

  private void load(String commit, String path, DevFile file) {
    String target = "/" + ID + "/resolve/" + commit + "/" + path.replace(" ", "%20");
    HttpResponse<byte[]> head = send("HEAD", target);
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.headers().firstValue("etag")).contains("\"" + file.etag() + "\"");
    HttpResponse<byte[]> body = get(target);
    assertThat(body.statusCode()).isEqualTo(200);
    assertThat(body.body()).hasSize((int) file.size());
  }

  private HttpResponse<byte[]> get(String target) {
    return send("GET", target);
  }

  private HttpResponse<byte[]> send(String method, String target) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(mirror.uri() + target))
            .timeout(Duration.ofSeconds(30))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(method + " " + target + " got no answer", e);
    }
  }
}
