package io.intrahub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.MirrorUnderTest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole mirror whose store has room for two of three models. */
final class SmallStoreTest {
  private static final long MODEL = 1_000_000;

  @TempDir Path data;

  private final HttpClient http = HttpClient.newHttpClient();
  private MirrorUnderTest mirror;

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(data, new DiskBudgetSettings(2_500_000, 0, 95, 90));
    for (String name : new String[] {"a", "b", "c"}) {
      repo(name)
          .commit(
              "Add",
              Map.of(
                  "config.json",
                  DevFile.text("{\"name\": \"" + name + "\"}\n"),
                  "model.safetensors",
                  DevFile.lfsGenerated(name.charAt(0), MODEL)));
    }
  }

  @AfterEach
  void stop() {
    mirror.close();
    http.close();
  }

  private DevRepo repo(String name) {
    return mirror.hub().repo("model", "acme/" + name);
  }

  private byte[] get(URI address) throws Exception {
    HttpResponse<byte[]> answer =
        http.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofByteArray());
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer.body();
  }

  private void expectFile(String name, String path) throws Exception {
    byte[] body = get(mirror.uri().resolve("/acme/" + name + "/resolve/main/" + path));
    assertThat(body).isEqualTo(repo(name).file("main", path).orElseThrow().allBytes());
  }

  /** Loads a model, and lets time pass, since last uses are known to the second. */
  private void load(String name) throws Exception {
    mirror.pass(Duration.ofSeconds(2));
    mirror.mark();
    expectFile(name, "config.json");
    expectFile(name, "model.safetensors");
    mirror.awaitIdle();
  }

  private boolean isStored(String name) {
    String weights = repo(name).file("main", "model.safetensors").orElseThrow().sha256();
    return mirror.storedBlobs().contains(weights);
  }

  @Test
  void the_model_that_nobody_used_for_longest_makes_room_and_can_be_loaded_again()
      throws Exception {
    load("a");
    load("b");
    load("c");

    assertThat(isStored("a")).isFalse();
    assertThat(isStored("b")).isTrue();
    assertThat(mirror.app().storeUsage().used()).isLessThan(2_500_000);

    load("b");
    assertThat(mirror.contentReads()).isEmpty();
    load("a");
    assertThat(mirror.contentReads()).isNotEmpty();
    assertThat(isStored("a")).isTrue();
    assertThat(isStored("b")).isTrue();
    assertThat(isStored("c")).isFalse();

    mirror.restart();
    mirror.awaitIdle();
    load("b");
    assertThat(mirror.contentReads()).isEmpty();
    load("c");
    assertThat(isStored("a")).isFalse();
    assertThat(mirror.app().storeUsage().evictedBlobs()).isPositive();
  }

  @Test
  void what_is_larger_than_the_store_is_passed_on_and_hurts_nothing() throws Exception {
    load("a");
    repo("c").commit("Grow", "model.safetensors", DevFile.lfsGenerated(9, 3_000_000));

    load("c");

    assertThat(isStored("c")).isFalse();
    assertThat(isStored("a")).isTrue();
    load("a");
    assertThat(mirror.contentReads()).isEmpty();
  }

  @Test
  void the_operator_sees_how_full_it_is() throws Exception {
    load("a");
    load("b");
    load("c");

    String metrics =
        new String(get(mirror.app().adminUri().resolve("/metrics")), StandardCharsets.UTF_8);

    assertThat(metrics)
        .containsPattern("(?m)^intrahub_store_bytes 200\\d{4}\\.0$")
        .containsPattern("(?m)^intrahub_store_metadata_bytes [1-9]\\d{2,3}\\.0$")
        .containsPattern("(?m)^intrahub_store_limit_bytes 2500000\\.0$")
        .containsPattern("(?m)^intrahub_store_free_bytes \\d")
        .containsPattern("(?m)^intrahub_store_evicted_blobs_total [12]\\.0$")
        .containsPattern("(?m)^intrahub_store_evicted_bytes_total 10000\\d\\d\\.0$");
  }
}
