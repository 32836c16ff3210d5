package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.ClientResult;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** A made-up repo of the shape of TRELLIS: a pipeline of several models under {@code ckpts/}. */
final class TrellisRepo {
  static final String ID = "acme/trellis-tiny";

  /** Sizes around what matters: below and above 1 MiB, where contents begin to stream. */
  private static final Map<String, Integer> PARAMETERS = parameters();

  private TrellisRepo() {}

  private static Map<String, Integer> parameters() {
    Map<String, Integer> sizes = new LinkedHashMap<>();
    sizes.put("ss_dec_conv3d_16l8", 3_000);
    sizes.put("ss_flow_img_dit_L_16l8", 700_000);
    sizes.put("slat_dec_gs_swin8_B_64l8gs32", 60_000);
    sizes.put("slat_flow_img_dit_L_64l8p2", 400_000);
    return sizes;
  }

  /** Makes it. */
  static DevRepo install(DevHub hub) {
    Map<String, DevFile> files = new LinkedHashMap<>();
    String models =
        PARAMETERS.keySet().stream()
            .map(name -> "\"%s_model\": \"ckpts/%s\"".formatted(name, name))
            .collect(Collectors.joining(", "));
    files.put(
        "pipeline.json",
        DevFile.text("{\"name\": \"Pipeline\", \"args\": {\"models\": {%s}}}\n".formatted(models)));
    PARAMETERS.forEach((name, count) -> {
      files.put(
          "ckpts/" + name + ".json",
          DevFile.text("{\"name\": \"%s\", \"args\": {\"channels\": 8}}\n".formatted(name)));
      files.put("ckpts/" + name + ".safetensors", DevFile.lfs(weights(count)));
    });
    DevRepo repo = hub.repo("model", ID);
    repo.commit("Add the pipeline", files);
    return repo;
  }

  /** Names as the pipeline has them: what a loader asks for as a repo when it falls through. */
  static List<String> unknownRepos() {
    return PARAMETERS.keySet().stream().map(name -> "ckpts/" + name).toList();
  }

  /** The safetensors format: a length, a JSON header of that length, then the numbers. */
  private static byte[] weights(int count) {
    String text =
        "{\"weight\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
            .formatted(count, 4 * count);
    byte[] header = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        ByteBuffer.allocate(8 + header.length + 4 * count).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(header.length).put(header);
    SplittableRandom random = new SplittableRandom(count);
    while (all.hasRemaining()) {
      all.putFloat((float) random.nextDouble());
    }
    return all.array();
  }

  /** Fails unless every model came at the first attempt, with its right bytes. */
  static void expectLoaded(ClientResult result, DevRepo repo, String when) {
    JsonNode loaded = result.expectSuccess().json();
    assertThat(loaded.get("first_failures").toString())
        .as("first attempts that failed, %s", when)
        .isEqualTo("{}");
    assertThat(loaded.get("models").propertyNames()).hasSameSizeAs(PARAMETERS.keySet());
    loaded
        .get("models")
        .values()
        .forEach(model -> {
          String name = model.get("name").asString();
          assertThat(model.get("parameters").asInt()).isEqualTo(PARAMETERS.get(name));
          for (String ending : List.of(".json", ".safetensors")) {
            assertThat(model.get("sha256").get(ending).asString())
                .as("sha256 of %s%s, %s", name, ending, when)
                .isEqualTo(repo.file("main", "ckpts/" + name + ending).orElseThrow().sha256());
          }
        });
  }
}
