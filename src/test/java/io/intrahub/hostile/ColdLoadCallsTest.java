package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How many upstream calls the first load of a whole repo costs, counted at the Hub. */
class ColdLoadCallsTest {
  private static final String ID = "acme/calls";
  private static final String ALICE = "hf_alice";
  private static final String BOB = "hf_bob";
  private static final int SMALL = 12;
  private static final int LARGE = 8;

  private static final int AT_ONCE = 8;

  /**
   * Repo info, the listing, one batch call for the addresses of the LFS files, and a read of each
   * file.
   */
  private static final int MOST_CALLS = 3 + LARGE + SMALL;

  /** What {@code snapshot_download} asks for before the files. */
  enum Generation {
    /** huggingface_hub 0.23 and 0.36: repo info. */
    REPO_INFO,
    /** huggingface_hub 1.33 and 2.4: repo info, and the listing of its commit. */
    LISTING
  }

  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevRepo repo;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror.hub().token(ALICE, "alice");
    mirror.hub().token(BOB, "bob");
    repo = mirror.hub().repo("model", ID).allow(ALICE);
    fill(SMALL, LARGE);
  }

  private void fill(int small, int large) {
    fill(small, large, "");
  }

  private void fill(int small, int large, String words) {
    Map<String, DevFile> files = new HashMap<>();
    for (int i = 0; i < small; i++) {
      files.put("a part %03d/words.txt".formatted(i), DevFile.text(words + "words " + i + "\n"));
    }
    for (int i = 0; i < large; i++) {
      long seed = 1_000L * words.length() + i;
      files.put("model-%03d.safetensors".formatted(i), DevFile.lfsGenerated(seed, 100_000));
    }
    repo.commit("Add the model", files);
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private void assertCalls(int most) {
    assertThat(mirror.upstream()).as("%s", mirror.upstreamByRoute()).hasSizeLessThanOrEqualTo(most);
  }

  @ParameterizedTest
  @EnumSource
  void a_cold_load_asks_upstream_once_about_all_files_and_a_warm_one_not_at_all(
      Generation generation) throws Exception {
    load(generation, "");
    assertCalls(MOST_CALLS);
    assertThat(mirror.contentReads()).hasSize(SMALL + LARGE);

    mirror.mark();
    load(generation, "");
    mirror.expectSilence();
  }

  @ParameterizedTest
  @EnumSource(
      value = Visibility.class,
      names = {"PRIVATE", "GATED"})
  void a_token_holder_pays_the_same_beside_the_proof_of_the_right_and_others_get_nothing(
      Visibility visibility) throws Exception {
    repo.visibility(visibility);
    load(Generation.REPO_INFO, ALICE);
    // Repo info is asked for with the token too. For a gated repo, each of the first files is asked
    // for without the token, and auth-check proves the right to read. The derived address that is
    // tried without the token is refused, so that a first hop with it has to tell the address.
    assertCalls(MOST_CALLS + (visibility == Visibility.GATED ? 3 + AT_ONCE : 1));

    mirror.mark();
    String commit = repo.commitOf("main").orElseThrow();
    for (String token : List.of(BOB, "")) {
      repo.files("main")
          .keySet()
          .forEach(path ->
              assertThat(send("GET", target(commit, path), token).statusCode())
                  .isIn(401, 403, 404));
    }
    mirror.awaitIdle();
    assertThat(mirror.contentReads()).isEmpty();
    assertThat(mirror.upstream(Route.LFS_BATCH)).isEmpty();
  }

  @Test
  void a_hub_without_batch_calls_costs_one_more_and_a_first_hop_for_each_lfs_file()
      throws Exception {
    mirror.hub().faults().on(Route.LFS_BATCH).status(404);
    load(Generation.REPO_INFO, "");
    assertCalls(MOST_CALLS + LARGE);
  }

  @Test
  void files_that_are_stored_are_not_asked_for_again() throws Exception {
    load(Generation.REPO_INFO, "");
    DevFile added = DevFile.lfsGenerated(99, 100_000);
    String commit = repo.commit("Add one", "added.safetensors", added);

    mirror.mark();
    String info = "/api/models/" + ID + "/revision/" + commit;
    assertThat(send("GET", info, "").statusCode()).isEqualTo(200);
    load(target(commit, "added.safetensors"), added, "");
    repo.files("main").forEach((path, file) -> load(target(commit, path), file, ""));
    mirror.awaitIdle();
    assertThat(mirror.upstreamByRoute())
        .isEqualTo(Map.of(Route.REPO_INFO, 1L, Route.TREE, 1L, Route.RESOLVE, 1L, Route.CDN, 1L));
  }

  @Tag("slow")
  @Test
  void more_lfs_files_than_one_batch_call_takes_need_a_few_such_calls() throws Exception {
    int files = 150;
    fill(0, files);
    load(Generation.LISTING, "");
    assertThat(mirror.upstream(Route.LFS_BATCH).size()).isBetween(2, 4);
    assertThat(mirror.upstream(Route.RESOLVE)).hasSizeLessThanOrEqualTo(3 * AT_ONCE);
  }

  @Tag("slow")
  @Test
  void many_small_files_cost_one_call_each_once_the_listing_is_known() throws Exception {
    int files = 300;
    fill(files, 0);
    load(Generation.LISTING, "");
    assertCalls(files + files / 10);
  }

  @Test
  void the_files_of_a_new_commit_cost_no_more_when_they_are_fetched_ahead() throws Exception {
    load(Generation.REPO_INFO, "");
    fill(SMALL, LARGE, "new ");
    mirror.mark();
    mirror.pass(Duration.ofSeconds(61));
    assertThat(send("GET", "/api/models/" + ID + "/revision/main", "").statusCode()).isEqualTo(200);
    mirror.awaitIdle();

    assertThat(mirror.app().meters().warmedFileCount()).isEqualTo(SMALL + LARGE);
    assertCalls(MOST_CALLS);
    assertThat(mirror.upstream(Route.LFS_BATCH)).hasSize(1);
  }

  /** As the clients do: commit, listing if they use it, then eight files at a time. */
  private void load(Generation generation, String token) throws Exception {
    String info = "/api/models/" + ID + "/revision/main";
    assertThat(send("GET", info, token).statusCode()).isEqualTo(200);
    String commit = repo.commitOf("main").orElseThrow();
    if (generation == Generation.LISTING) {
      String tree = "/api/models/" + ID + "/tree/" + commit + "?recursive=true&expand=false";
      assertThat(send("GET", tree, token).statusCode()).isEqualTo(200);
    }
    try (ExecutorService workers = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Future<?>> running = new ArrayList<>();
      repo.files("main")
          .forEach((path, file) ->
              running.add(workers.submit(() -> load(target(commit, path), file, token))));
      for (Future<?> one : running) {
        one.get();
      }
    }
    mirror.awaitIdle();
  }

  private void load(String target, DevFile file, String token) {
    HttpResponse<byte[]> head = send("HEAD", target, token);
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.headers().firstValue("etag")).contains("\"" + file.etag() + "\"");
    HttpResponse<byte[]> body = send("GET", target, token);
    assertThat(body.statusCode()).isEqualTo(200);
    assertThat(body.body()).hasSize((int) file.size());
  }

  private static String target(String commit, String path) {
    return "/" + ID + "/resolve/" + commit + "/" + path.replace(" ", "%20");
  }

  private HttpResponse<byte[]> send(String method, String target, String token) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(mirror.uri() + target))
            .timeout(Duration.ofSeconds(30))
            .method(method, HttpRequest.BodyPublishers.noBody());
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(method + " " + target + " got no answer", e);
    }
  }
}
