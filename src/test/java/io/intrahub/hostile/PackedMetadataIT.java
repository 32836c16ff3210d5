package io.intrahub.hostile;

import static io.intrahub.hostile.PackedRig.BIG;
import static io.intrahub.hostile.PackedRig.BIG_FILE;
import static io.intrahub.hostile.PackedRig.INFO;
import static io.intrahub.hostile.PackedRig.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packed product, and clients that would fill its store with answers of the API. */
@Timeout(120)
class PackedMetadataIT {
  private static final List<String> PROPERTIES =
      List.of(
          "author",
          "cardData",
          "config",
          "createdAt",
          "disabled",
          "downloads",
          "downloadsAllTime",
          "gated",
          "gguf",
          "id",
          "lastModified",
          "library_name",
          "likes",
          "modelId",
          "pipeline_tag",
          "private",
          "safetensors",
          "sha",
          "siblings",
          "tags");

  @TempDir private Path tmp;
  private PackedRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new PackedRig(tmp);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private long storedAnswers() throws IOException {
    try (Stream<Path> files = Files.walk(rig.data())) {
      return files.filter(f -> f.getFileName().toString().startsWith("answer-")).count();
    }
  }

  private void expectServed(MirrorProcess mirror, String target) {
    assertThat(rig.get(mirror, target).statusCode()).as(target).isEqualTo(200);
  }

  @Test
  void all_spellings_of_a_question_are_one_stored_answer() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      expectServed(mirror, INFO + "?blobs=true");
      mirror.awaitIdle();
      long answers = storedAnswers();
      assertThat(answers).isPositive();
      for (String query : List.of("blobs=True", "blobs=1", "blobs=1&blobs=true")) {
        expectServed(mirror, INFO + "?" + query);
      }
      for (int i = 0; i < 50; i++) {
        expectServed(mirror, INFO + "?expand%5B" + i + "%5D=gated");
      }
      mirror.awaitIdle();
      mirror.stop();
      assertThat(storedAnswers()).isLessThanOrEqualTo(answers + 1);
    }
  }

  @Test
  void an_unknown_parameter_leaves_nothing_in_the_store() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      expectServed(mirror, INFO);
      mirror.awaitIdle();
      long answers = storedAnswers();
      assertThat(answers).isPositive();
      for (int i = 0; i < 50; i++) {
        expectServed(mirror, INFO + "?made-up-" + i + "=1");
      }
      mirror.awaitIdle();
      mirror.stop();
      assertThat(storedAnswers()).isEqualTo(answers);
    }
  }

  /** Each pair is another question that the Hub's clients could send. */
  @Test
  void of_one_commit_only_so_many_answers_are_stored() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      int asked = 0;
      for (String one : PROPERTIES.subList(0, 6)) {
        for (String other : PROPERTIES.subList(6, 16)) {
          expectServed(mirror, INFO + "?expand=" + one + "&expand=" + other);
          asked++;
        }
      }
      assertThat(asked).isEqualTo(60);
      mirror.awaitIdle();
      mirror.stop();
      assertThat(storedAnswers()).as("and the whole one").isBetween(30L, 33L);
    }
  }

  @Test
  void metadata_counts_towards_the_store_is_evicted_and_pushes_out_no_blob() throws Exception {
    long limit = 20_000_000;
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_STORE_MAX_SIZE", "" + limit))) {
      rig.store(mirror, BIG_FILE, BIG);
      DevRepo many = rig.hub.repo("model", "acme/many");
      Map<String, DevFile> files = new HashMap<>();
      for (int i = 0; i < 1_500; i++) {
        files.put("a-file-with-a-name-that-takes-some-space-in-repo-info-" + i, DevFile.text("x"));
      }
      long told = 0;
      for (int i = 0; told < 3 * limit / 10; i++) {
        files.put("one-more", DevFile.text("commit " + i));
        String info = "/api/models/acme/many/revision/" + many.commit("Change it", files);
        for (String query : List.of("", "?blobs=true")) {
          HttpResponse<byte[]> answer = rig.get(mirror, info + query);
          assertThat(answer.statusCode()).as(info + query).isEqualTo(200);
          told += answer.body().length;
        }
        // More may be stored between the two answers, behind the client's back.
        eventually(() ->
            assertThat(rig.metric(mirror, "intrahub_store_bytes"))
                .as("it counts")
                .isGreaterThanOrEqualTo(
                    BIG.size() + rig.metric(mirror, "intrahub_store_metadata_bytes")));
      }
      eventually(() ->
          assertThat(rig.metric(mirror, "intrahub_store_metadata_bytes"))
              .isBetween(limit / 100, limit / 10));
      assertThat(rig.metric(mirror, "intrahub_store_evicted_blobs_total")).isZero();
      long fetched = rig.hub.counters().bytes(Route.CDN);
      assertThat(rig.get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
      assertThat(rig.hub.counters().bytes(Route.CDN)).isEqualTo(fetched);
    }
  }
}
