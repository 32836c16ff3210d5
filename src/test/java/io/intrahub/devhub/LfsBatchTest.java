package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** The batch call of Git LFS: addresses for those who may read, and for what is there. */
class LfsBatchTest {
  private static final String TYPE = "application/vnd.git-lfs+json";
  private static final String TARGET = "/acme/x.git/info/lfs/objects/batch";

  private final DevHub hub = DevHub.builder().start();
  private final DevFile file = DevFile.lfsGenerated(3, 5_000);
  private DevRepo repo;
  private DevCaller anonymous;

  @BeforeEach
  void start() {
    hub.token("hf_alice", "alice");
    hub.token("hf_bob", "bob");
    repo = hub.repo("model", "acme/x").allow("hf_alice");
    repo.commit("m", "a.bin", file);
    anonymous = new DevCaller(hub.uri());
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private DevCaller.Answer ask(DevCaller as, String oid, long size) {
    String body =
        """
        {"operation":"download","transfers":["basic"],"hash_algo":"sha256",
         "objects":[{"oid":"%s","size":%d}]}\
        """
            .formatted(oid, size);
    return as.post(TARGET, TYPE, body, "Accept", TYPE);
  }

  @Test
  void an_object_has_an_address_that_leads_to_its_bytes() {
    DevCaller.Answer answer = ask(anonymous, file.sha256(), 5_000);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).contains(TYPE);
    JsonNode object = answer.json().get("objects").get(0);
    String href = object.get("actions").get("download").get("href").asString();
    assertThat(anonymous.get(href).body()).isEqualTo(file.allBytes());
  }

  @Test
  void an_object_that_is_not_in_the_repo_is_an_error_of_its_own() {
    for (DevCaller.Answer answer :
        new DevCaller.Answer[] {
          ask(anonymous, "0".repeat(64), 5_000), ask(anonymous, file.sha256(), 4_999)
        }) {
      assertThat(answer.status()).isEqualTo(200);
      JsonNode object = answer.json().get("objects").get(0);
      assertThat(object.get("error").get("code").asInt()).isEqualTo(404);
      assertThat(object.has("actions")).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Visibility.class,
      names = {"PRIVATE", "GATED"})
  void only_those_who_may_read_the_repo_get_addresses(Visibility visibility) {
    repo.visibility(visibility);
    assertThat(ask(anonymous, file.sha256(), 5_000).status()).isEqualTo(401);
    assertThat(ask(anonymous.as("hf_bob"), file.sha256(), 5_000).status()).isIn(403, 404);
    assertThat(ask(anonymous.as("hf_alice"), file.sha256(), 5_000).status()).isEqualTo(200);
  }

  @Test
  void a_call_that_is_none_of_git_lfs_is_refused() {
    assertThat(anonymous.post(TARGET, "application/json", "{}").status()).isEqualTo(400);
    assertThat(anonymous.post(TARGET, TYPE, "{", "Accept", TYPE).status()).isEqualTo(400);
  }
}
