package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.Recorded;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Buckets: their metadata passes through, and their files are refused with a reason. */
class BucketsTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final String TREE = "/api/buckets/acme/bucket/tree";

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.token(ALICE.get(), "alice");
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private List<Recorded> calls() {
    rig.settle();
    return rig.hub.log();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/api/buckets/acme", "/api/buckets/acme/bucket", TREE})
  void metadata_is_asked_for_each_time_with_the_clients_own_token(String target) {
    for (Optional<String> client : List.of(ALICE, NOBODY, ALICE)) {
      Rig.Answer answer = rig.get(target, client);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("cache-control")).hasValue("private, no-store");
    }
    assertThat(calls())
        .extracting(Recorded::authorization)
        .containsExactly(
            Optional.of("Bearer hf_alice"), Optional.empty(), Optional.of("Bearer hf_alice"));
  }

  /** The client reads it from every entry (huggingface_hub 2.4.0, BucketFile). */
  @Test
  void a_listing_keeps_the_digest_of_xet_and_its_pages_stay_on_the_mirror() {
    Rig.Answer first = rig.get(TREE, NOBODY);
    assertThat(first.text()).contains("\"xetHash\":\"a1a1");
    String next = first.header("link").orElseThrow();
    assertThat(next).startsWith("<" + rig.app().uri());
    URI page = URI.create(next.substring(1, next.indexOf('>')));
    assertThat(rig.get(page.getPath() + "?" + page.getQuery(), NOBODY).text()).contains("data");
  }

  @Test
  void paths_are_described_although_that_is_a_post() {
    Rig.Call call =
        new Rig.Call("POST", "/api/buckets/acme/bucket/paths-info", "", "{\"paths\":[\"a.bin\"]}");
    Rig.Answer answer = rig.send(rig.app().uri(), call, ALICE);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).contains("a.bin", "xetHash");
    assertThat(calls().getFirst().authorization()).hasValue("Bearer hf_alice");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/buckets/acme/bucket/resolve/a/b.bin",
        "/buckets/acme/bucket/resolve/a%2Fb.bin",
        "/api/buckets/acme/bucket/xet-read-token",
        "/api/buckets/acme/bucket/events",
      })
  void what_needs_xet_is_refused_with_a_text_that_says_so(String target) {
    Rig.Answer answer = rig.get(target, NOBODY);
    assertThat(answer.status()).isEqualTo(501);
    assertThat(answer.text()).contains("does not serve the files of buckets");
    assertThat(calls()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"batch", "settings", "paths-info/main"})
  void changes_are_refused(String resource) {
    Rig.Call call = new Rig.Call("POST", "/api/buckets/acme/bucket/" + resource, "", "{}");
    assertThat(rig.send(rig.app().uri(), call, ALICE).status()).isEqualTo(403);
    assertThat(calls()).isEmpty();
  }
}
