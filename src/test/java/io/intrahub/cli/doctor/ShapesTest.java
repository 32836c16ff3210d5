package io.intrahub.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.testing.TokenSearch;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.net.HttpProbe;
import io.intrahub.upstream.net.NetworkSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The shapes of the simulated Hub's answers. {@code -Dintrahub.shapes=FILE} compares a file of
 * {@code intrahub doctor --record} with them instead of the checked-in one, and {@code
 * -Dintrahub.write=true} writes that.
 */
@Timeout(60)
class ShapesTest {
  private static final Path EXPECTED = Path.of("src/test/resources/shapes/devhub.json");
  private static final ShapeRecorder.Subjects SUBJECTS =
      new ShapeRecorder.Subjects(
          new RepoId(RepoType.MODEL, "acme/tiny"),
          new RepoId(RepoType.DATASET, "acme/rows"),
          new RepoId(RepoType.MODEL, "acme/gated"));

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final HttpProbe http =
      new HttpProbe(NetworkSettings.DEFAULT, Set.of("127.0.0.1", "localhost"), timer);
  private DevHub hub;

  @BeforeEach
  void start() {
    hub = DevHub.builder().start();
    DevRepo model = hub.repo("model", "acme/tiny").labels("secret-label");
    String first =
        model.commit(
            "Add secret things",
            Map.of(
                "config.json", DevFile.text("{\"secretkey\": \"secretvalue\"}\n"),
                "sub dir/m.bin", DevFile.lfsGenerated(3, 5_000_000)));
    model.ref("refs/pr/1", first);
    hub.repo("dataset", "acme/rows").commit("Add rows", Map.of("a.csv", DevFile.text("1,2\n")));
    hub.repo("model", "acme/gated")
        .visibility(Visibility.GATED)
        .commit("Add it", Map.of("config.json", DevFile.text("{}\n")));
  }

  @AfterEach
  void stop() {
    hub.close();
    http.close();
    timer.shutdownNow();
  }

  private ShapeRecorder.Recording record() throws IOException {
    EndpointProbe endpoint =
        new EndpointProbe(http, EndpointSettings.trusted(hub.uri()), Duration.ofSeconds(10));
    return new ShapeRecorder(endpoint, SUBJECTS).record();
  }

  @Test
  void a_recorded_file_has_the_shapes_of_the_simulated_hub() throws IOException {
    String devhub = record().json();
    if (Boolean.getBoolean("intrahub.write")) {
      Files.createDirectories(EXPECTED.getParent());
      Files.writeString(EXPECTED, devhub);
    }
    Path recorded = Path.of(System.getProperty("intrahub.shapes", EXPECTED.toString()));

    assertThat(ShapeDifferences.between(devhub, Files.readString(recorded)))
        .as("how %s differs from the simulated Hub", recorded)
        .isEmpty();
  }

  @Test
  void a_recording_has_no_values_and_is_the_same_each_time() throws IOException {
    ShapeRecorder.Recording recording = record();

    assertThat(recording.unanswered()).isZero();
    assertThat(recording.json())
        .doesNotContainIgnoringCase("secret")
        .doesNotContain("acme")
        .doesNotContain(hub.uri().getHost());
    assertThat(TokenSearch.in(recording.json())).isEmpty();
    assertThat(hub.log()).allMatch(asked -> asked.header("Authorization").isEmpty());
    assertThat(record().json()).isEqualTo(recording.json());
    // The whole of the large file was not asked for.
    assertThat(hub.log()).noneMatch(asked -> asked.bytesSent() > 1_000_000);
  }

  @Tag("slow")
  @Test
  void an_answer_that_is_endless_or_missing_does_not_stop_the_recording() throws IOException {
    hub.faults().on(Route.REFS).always().disconnect();
    hub.faults().on(Route.COMMITS).always().extraBytes(3L << 20);

    ShapeRecorder.Recording recording = record();

    assertThat(recording.unanswered()).isEqualTo(2);
    assertThat(recording.json()).contains("unreadable JSON").contains("no answer");
    assertThat(ShapeDifferences.between(Files.readString(EXPECTED), recording.json()))
        .anyMatch(line -> line.startsWith("refs.status: \"no answer\" instead of 200"))
        .anyMatch(line -> line.startsWith("commits.body: \"unreadable JSON\""));
  }

  @Test
  void shapes_of_elements_are_merged_and_data_is_not_taken_for_keys() {
    assertThat(
            JsonShape.of(
                    """
                    [{"a": 1, "b": null, "cardData": {"mine": 1}}, {"a": "x", "b": {"c": []}},
                     {"b": [true], "no key!": 1, "parameters": {"F32": 1, "BF16": 2}}]
                    """)
                .orElseThrow()
                .toString())
        .isEqualTo(
            "[{\"a?\":\"number|string\",\"b\":{\"|\":[\"null\",{\"c\":[]},[\"boolean\"]]},"
                + "\"cardData?\":\"object\",\"parameters?\":{\"{key}\":\"number\"},"
                + "\"{key}?\":\"number\"}]");
    assertThat(JsonShape.of("{\"a\": [1")).isEmpty();
    assertThat(JsonShape.of("")).isEmpty();
    assertThat(JsonShape.of("[".repeat(300) + "]".repeat(300)).orElseThrow().toString())
        .contains("deeper");
  }
}
