package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DemoReposTest {
  private static DevHub hub;
  private static DevCaller anonymous;

  @BeforeAll
  static void start() {
    hub = DevHub.builder().start();
    DemoRepos.install(hub);
    anonymous = new DevCaller(hub.uri());
  }

  @AfterAll
  static void stop() {
    hub.close();
  }

  private static DevFile file(String id, String path) {
    return hub.repo("model", id).file("main", path).orElseThrow();
  }

  @Test
  void every_file_of_the_small_model_downloads() {
    JsonNode siblings = anonymous.get("/api/models/demo/tiny-bert").json().get("siblings");
    assertThat(siblings.size()).isEqualTo(16);
    for (JsonNode sibling : siblings) {
      String path = sibling.get("rfilename").asString();
      DevCaller.Answer answer =
          anonymous.follow("/demo/tiny-bert/resolve/main/" + DevText.encodePath(path));
      assertThat(answer.status()).as(path).isEqualTo(200);
      assertThat(answer.body()).isEqualTo(file("demo/tiny-bert", path).allBytes());
    }
  }

  @Test
  void the_weights_are_a_safetensors_file_without_gaps() {
    byte[] all = file("demo/tiny-bert", "model.safetensors").allBytes();
    ByteBuffer in = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) in.getLong();
    assertThat(length % 8).isZero();
    JsonNode header =
        JsonMapper.shared().readTree(new String(all, 8, length, StandardCharsets.UTF_8));
    long offset = 0;
    for (String name : new ArrayList<>(header.propertyNames())) {
      if (name.equals("__metadata__")) {
        continue;
      }
      JsonNode tensor = header.get(name);
      long count = 1;
      for (JsonNode dimension : tensor.get("shape")) {
        count *= dimension.asLong();
      }
      assertThat(tensor.get("dtype").asString()).isEqualTo("F32");
      assertThat(tensor.get("data_offsets").get(0).asLong()).isEqualTo(offset);
      offset += 4 * count;
      assertThat(tensor.get("data_offsets").get(1).asLong()).isEqualTo(offset);
    }
    assertThat(all).hasSize((int) (8 + length + offset));
    assertThat(all.length).isBetween(1_900_000, 2_200_000);
  }

  @Test
  void the_tokenizer_knows_as_many_words_as_the_model() {
    JsonNode config =
        JsonMapper.shared().readTree(file("demo/tiny-bert", "config.json").allBytes());
    JsonNode tokenizer =
        JsonMapper.shared().readTree(file("demo/tiny-bert", "tokenizer.json").allBytes());
    assertThat(tokenizer.get("model").get("vocab").size())
        .isEqualTo(config.get("vocab_size").asInt());
    String words =
        new String(file("demo/tiny-bert", "vocab.txt").allBytes(), StandardCharsets.UTF_8);
    assertThat(words.lines().distinct().count()).isEqualTo(config.get("vocab_size").asLong());
  }

  @Test
  void permissions_are_as_promised() {
    DevCaller alice = anonymous.as(DemoRepos.ALICE);
    DevCaller bob = anonymous.as(DemoRepos.BOB);
    String gated = "/demo/gated-model/resolve/main/config.json";
    String secret = "/demo/private-model/resolve/main/config.json";
    assertThat(alice.get(gated).status()).isEqualTo(307);
    assertThat(bob.get(gated).status()).isEqualTo(403);
    assertThat(anonymous.get(gated).status()).isEqualTo(401);
    assertThat(alice.get(secret).status()).isEqualTo(307);
    assertThat(bob.get(secret).status()).isEqualTo(404);
    assertThat(anonymous.get(secret).status()).isEqualTo(401);
  }

  @Test
  void the_other_repos_are_there() {
    assertThat(file("demo/big-model", "weights.bin").size()).isEqualTo(300_000_000);
    assertThat(anonymous.get("/tiny-gpt2/resolve/main/config.json").status()).isEqualTo(307);
    assertThat(anonymous.get("/api/models/demo/old-name").header("Location"))
        .contains("/api/models/demo/tiny-bert");
    assertThat(anonymous.get("/spaces/demo/hello-space/resolve/main/index.html").status())
        .isEqualTo(307);
    JsonNode refs = anonymous.get("/api/datasets/demo/tiny-ds/refs").json();
    assertThat(refs.get("converts").get(0).get("name").asString()).isEqualTo("parquet");
    JsonNode model = anonymous.get("/api/models/demo/tiny-bert/refs?include_prs=1").json();
    assertThat(List.of(model.get("tags").size(), model.get("pullRequests").size()))
        .containsExactly(1, 1);
    DevCaller.Answer tree = anonymous.get("/api/models/demo/many-files/tree/main?recursive=true");
    assertThat(tree.json().size()).isEqualTo(1000);
    assertThat(tree.header("Link")).isPresent();
  }
}
