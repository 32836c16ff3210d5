package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.FaultyFileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code store.seeds}: what is taken from a cache folder beside the store, and for whom. */
class SeedsTest {
  private static final String ID = "acme/carried";
  private static final String ALICE = "hf_seedAlice";
  private static final Map<String, DevFile> FILES =
      Map.of(
          "config.json", DevFile.text("{\"model_type\": \"bert\"}\n"),
          "model.bin", DevFile.lfsGenerated(3, 9_000_000),
          "other.bin", DevFile.lfsGenerated(4, 300_000));

  @TempDir Path tmp;
  private Path seeds;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    seeds = tmp.resolve("hub");
    for (DevFile file : FILES.values()) {
      place("models--acme--carried", file.etag(), file.allBytes());
    }
    rig = new Rig(tmp.resolve("data"), s -> s.withSeeds(List.of(tmp.resolve("none"), seeds)));
    rig.hub.token(ALICE, "alice");
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private Path place(String repo, String etag, byte[] content) throws Exception {
    Path blobs = Files.createDirectories(seeds.resolve(repo).resolve("blobs"));
    return Files.write(blobs.resolve(etag), content);
  }

  private DevRepo repo(String id, Visibility visibility) {
    DevRepo repo = rig.hub.repo("model", id).visibility(visibility).allow(ALICE);
    repo.commit("Add it", FILES);
    return repo;
  }

  private List<Recorded> contentReads() {
    rig.settle();
    return rig.hub.log().stream()
        .filter(r -> Set.of(Route.CDN, Route.RESOLVE_CACHE).contains(r.route()))
        .toList();
  }

  private Rig.Answer get(String id, String path, Optional<String> token) {
    return rig.get("/" + id + "/resolve/main/" + path, token);
  }

  private void expectAll(String id, Optional<String> token) {
    FILES.forEach((path, file) -> {
      Rig.Answer answer = get(id, path, token);
      assertThat(answer.status()).as(path).isEqualTo(200);
      assertThat(answer.body()).as(path).isEqualTo(file.allBytes());
    });
  }

  @Test
  void a_seeded_repo_costs_no_read_of_content_and_is_stored_then() throws Exception {
    repo(ID, Visibility.PUBLIC);

    expectAll(ID, Optional.empty());
    assertThat(contentReads()).isEmpty();

    Files.move(seeds, tmp.resolve("gone"));
    expectAll(ID, Optional.empty());
    assertThat(contentReads()).as("served from the store").isEmpty();
  }

  @Test
  void while_the_hub_is_away_seeds_complete_a_repo_of_which_the_files_are_known() {
    repo(ID, Visibility.PUBLIC);
    assertThat(get(ID, "config.json", Optional.empty()).status()).isEqualTo(200);
    rig.settle();

    rig.hub.goDark();
    expectAll(ID, Optional.empty());
    rig.restartOffline();
    expectAll(ID, Optional.empty());
  }

  @Test
  void seeds_open_a_private_repo_to_nobody() {
    repo(ID, Visibility.PRIVATE);

    assertThat(get(ID, "model.bin", Optional.empty()).status()).isEqualTo(401);
    assertThat(get(ID, "model.bin", Optional.of("hf_seedBob")).status()).isEqualTo(401);
    expectAll(ID, Optional.of(ALICE));
    assertThat(contentReads()).isEmpty();
  }

  @Test
  void content_that_is_wrong_is_fetched_from_upstream_instead() throws Exception {
    DevFile small = FILES.get("other.bin");
    DevFile large = FILES.get("model.bin");
    place("models--acme--carried", small.etag(), new byte[300_000]);
    place("models--acme--carried", large.etag(), new byte[9_000_000]);
    repo(ID, Visibility.PUBLIC);

    assertThat(get(ID, "other.bin", Optional.empty()).body()).isEqualTo(small.allBytes());
    // A range of a large file can't be verified by itself.
    Rig.Call range = new Rig.Call("GET", "/" + ID + "/resolve/main/model.bin", "bytes=0-99", "");
    byte[] part = rig.send(rig.app().uri(), range, Optional.empty()).body();
    assertThat(part).isEqualTo(Arrays.copyOf(large.allBytes(), 100));
    assertThat(get(ID, "model.bin", Optional.empty()).body()).isEqualTo(large.allBytes());
    assertThat(contentReads()).isNotEmpty();
  }

  @Test
  void another_repo_that_names_the_digest_is_not_given_the_content() {
    repo("evil/claims", Visibility.PUBLIC);

    expectAll("evil/claims", Optional.empty());
    assertThat(contentReads()).isNotEmpty();
  }

  @Test
  void a_link_out_of_the_folder_and_a_file_of_another_size_are_not_used() throws Exception {
    DevFile file = FILES.get("other.bin");
    Path name = place("models--acme--carried", file.etag(), new byte[0]);
    Files.delete(name);
    Path outside = Files.write(tmp.resolve("outside"), file.allBytes());
    Files.createSymbolicLink(name, outside);
    place("models--acme--carried", FILES.get("config.json").etag(), new byte[3]);
    repo(ID, Visibility.PUBLIC);

    expectAll(ID, Optional.empty());
    assertThat(contentReads()).hasSizeGreaterThanOrEqualTo(2);
  }

  /** As the client of an NFS share waits for its server. */
  @Test
  @Tag("slow")
  void a_share_that_hangs_is_replaced_by_upstream_and_shown_to_the_operator() throws Exception {
    rig.close();
    FaultyFileSystem disk = new FaultyFileSystem(seeds);
    rig = new Rig(tmp.resolve("other"), s -> s.withSeeds(List.of(disk.of(seeds))));
    repo(ID, Visibility.PUBLIC);
    Rig.Call range = new Rig.Call("GET", "/" + ID + "/resolve/main/model.bin", "bytes=0-99", "");
    assertThat(rig.send(rig.app().uri(), range, Optional.empty()).status()).isEqualTo(206);
    assertThat(contentReads()).isEmpty();
    assertThat(rig.metrics()).contains("intrahub_seeds_hanging 0.0");
    assertThat(rig.status()).contains("\"path\":\"" + seeds + "\",\"state\":\"ok\"");

    CountDownLatch gate = new CountDownLatch(1);
    disk.hang(FaultyFileSystem.Call.OPEN, FILES.get("model.bin").etag(), gate);
    try {
      CompletableFuture<Rig.Answer> whole =
          CompletableFuture.supplyAsync(() -> get(ID, "model.bin", Optional.empty()));
      assertThat(whole.get(30, TimeUnit.SECONDS).body())
          .isEqualTo(FILES.get("model.bin").allBytes());
      assertThat(contentReads()).as("fetched from upstream").isNotEmpty();
      assertThat(rig.metrics()).contains("intrahub_seeds_hanging 1.0");
      assertThat(rig.status()).contains("\"path\":\"" + seeds + "\",\"state\":\"hanging\"");
    } finally {
      gate.countDown();
    }
    await().until(() -> rig.metrics().contains("intrahub_seeds_hanging 0.0"));
  }
}
