package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.upstream.hub.EndpointSettings;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A grant lasts through two mirrors as long after the Hub's last word as through one. */
class ChainedGrantsTest {
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> NOBODY = Optional.empty();
  private static final String SECRET = "/acme/secret/resolve/main/config.json";
  private static final String OPEN = "/acme/open/resolve/main/config.json";

  @TempDir Path tmp;
  private Rig inner;
  private Rig outer;
  private DevRepo secret;
  private DevRepo open;

  @BeforeEach
  void start() {
    inner = new Rig(tmp.resolve("inner"));
    outer =
        new Rig(
            tmp.resolve("outer"),
            s ->
                s.withUpstream(
                    s.upstream()
                        .withEndpoints(List.of(EndpointSettings.trusted(inner.app().uri())))));
    inner.hub.token(ALICE.get(), "alice");
    secret = inner.hub.repo("model", "acme/secret").visibility(Visibility.PRIVATE);
    secret.allow(ALICE.get()).commit("Add it", "config.json", DevFile.text("{}"));
    open = inner.hub.repo("model", "acme/open");
    open.commit("Add it", "config.json", DevFile.text("{}"));
  }

  @AfterEach
  void stop() {
    outer.close();
    inner.close();
  }

  private void pass(Duration time) {
    outer.settle();
    inner.settle();
    inner.clock.pass(time);
    outer.clock.pass(time);
  }

  /** From now on the Hub answers this token, or callers without one, with 429 only. */
  private void limit(Optional<String> token, String retryAfter) {
    Optional<String> authorization = token.map(t -> "Bearer " + t);
    inner
        .hub
        .faults()
        .everywhere()
        .when(call -> call.authorization().equals(authorization))
        .status(429, Map.of("Retry-After", retryAfter), "{}");
  }

  @Test
  void the_inner_mirror_asks_the_hub_before_it_confirms_a_grant_that_has_run_out() {
    assertThat(inner.get(SECRET, ALICE).status()).isEqualTo(200);
    secret.disallow(ALICE.get());
    pass(Duration.ofMinutes(6));
    assertThat(outer.get(SECRET, ALICE).status()).isEqualTo(404);
  }

  @Test
  void the_outer_mirror_counts_a_grant_from_the_hubs_word_and_not_from_the_inner_mirrors() {
    assertThat(inner.get(SECRET, ALICE).status()).isEqualTo(200);
    pass(Duration.ofMinutes(4));
    limit(ALICE, "60");
    assertThat(outer.get(SECRET, ALICE).status()).isEqualTo(200);
    // Longer than the grant of one mirror, and no longer than those of two after each other.
    pass(Duration.ofMinutes(12));
    Rig.Answer late = outer.get(SECRET, ALICE);
    assertThat(late.status()).as(late.text()).isEqualTo(503);
    assertThat(late.header("cache-status").orElse("")).contains("detail=limited");
  }

  @Test
  void a_repo_that_is_closed_is_public_no_longer_through_two_mirrors_than_through_one() {
    // By its commit, so that nobody asks the Hub where a branch is.
    String file = OPEN.replace("main", open.commitOf("main").orElseThrow());
    assertThat(inner.get(file, NOBODY).status()).isEqualTo(200);
    inner.settle();
    open.visibility(Visibility.PRIVATE);
    pass(Duration.ofMinutes(4));
    assertThat(outer.get(file, NOBODY).status()).isEqualTo(200);
    pass(Duration.ofMinutes(7));
    assertThat(outer.get(file, NOBODY).status()).isEqualTo(401);
  }

  /** A client can use up its own token's quota, and must not gain by that. */
  @Test
  @Tag("slow")
  void short_limits_of_a_token_keep_no_old_grant_of_it_in_the_outer_mirror() {
    assertThat(outer.get(SECRET, ALICE).status()).isEqualTo(200);
    secret.disallow(ALICE.get());
    limit(ALICE, "2");
    pass(Duration.ofMinutes(16));
    for (int time = 0; time < 2; time++) {
      Rig.Answer limited = outer.get(SECRET, ALICE);
      assertThat(limited.status()).as(limited.text()).isEqualTo(503);
      assertThat(limited.header("cache-status").orElse("")).contains("detail=limited");
      pass(Duration.ofMinutes(3));
    }
  }

  /** Any client can send that header. It must not shorten how long others wait for the Hub. */
  @Test
  @Tag("slow")
  void who_names_mirrors_in_front_makes_no_old_grant_count_sooner() throws Exception {
    assertThat(inner.get(OPEN, NOBODY).status()).isEqualTo(200);
    pass(Duration.ofMinutes(11));
    Stall stall = inner.hub.faults().everywhere().hold();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(behindThree(OPEN, NOBODY).statusCode()).isGreaterThanOrEqualTo(500);

      Future<Rig.Answer> other = threads.submit(() -> inner.get(OPEN, NOBODY));
      stall.release();
      assertThat(other.get().status()).isEqualTo(200);
      assertThat(other.get().header("cache-status").orElse("")).doesNotContain("detail=stale");
    } finally {
      stall.release();
    }
  }

  @Test
  void a_short_limit_makes_no_old_grant_count_for_who_names_mirrors_in_front() throws Exception {
    assertThat(inner.get(OPEN, NOBODY).status()).isEqualTo(200);
    pass(Duration.ofMinutes(11));
    limit(NOBODY, "2");
    assertThat(behindThree(OPEN, NOBODY).statusCode()).isEqualTo(503);
    inner.hub.faults().clear();
    Rig.Answer other = inner.get(OPEN, NOBODY);
    assertThat(other.status()).isEqualTo(200);
    assertThat(other.header("cache-status").orElse("")).doesNotContain("detail=stale");
  }

  /** The mirror in front would take mere silence for an outage, in which its old grant counts. */
  @Test
  @Tag("slow")
  void a_mirror_in_front_is_told_of_a_tokens_limit_when_the_hub_says_nothing_after_it()
      throws Exception {
    assertThat(inner.get(SECRET, ALICE).status()).isEqualTo(200);
    pass(Duration.ofMinutes(16));
    limit(ALICE, "2");
    assertThat(behindThree(SECRET, ALICE).statusCode()).isEqualTo(503);
    inner.hub.faults().clear();
    pass(Duration.ofSeconds(5));
    Stall stall = inner.hub.faults().everywhere().hold();
    try {
      HttpResponse<String> silent = behindThree(SECRET, ALICE);
      assertThat(silent.headers().firstValue("cache-status").orElse(""))
          .as(silent.body())
          .contains("detail=limited");
    } finally {
      stall.release();
    }
  }

  /** Asks the inner mirror as if three others were in front of it. */
  private HttpResponse<String> behindThree(String target, Optional<String> token) throws Exception {
    String mirrors =
        IntStream.range(0, 3)
            .mapToObj("1.1 intrahub-%016x"::formatted)
            .collect(Collectors.joining(", "));
    HttpRequest.Builder request =
        HttpRequest.newBuilder(inner.app().uri().resolve(target)).header("Via", mirrors);
    token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  /** What the inner mirror passes on is confirmed by the Hub at that moment, and says so. */
  @Test
  void a_gated_repo_opens_through_two_mirrors_and_counts_from_the_hubs_word() {
    inner
        .hub
        .repo("model", "acme/gated")
        .visibility(Visibility.GATED)
        .allow(ALICE.get())
        .commit("Add it", "config.json", DevFile.text("{}"));
    String file = "/acme/gated/resolve/main/config.json";
    assertThat(outer.get(file, NOBODY).status()).isEqualTo(401);
    assertThat(outer.get(file, ALICE).status()).isEqualTo(200);
    pass(Duration.ofMinutes(20));
    assertThat(outer.get(file, ALICE).status()).as("asked again").isEqualTo(200);
    inner.hub.repo("model", "acme/gated").disallow(ALICE.get());
    pass(Duration.ofMinutes(20));
    assertThat(outer.get(file, ALICE).status()).isEqualTo(403);
  }

  @Test
  void only_another_mirror_is_told_how_old_a_grant_is() {
    assertThat(inner.get(OPEN, NOBODY).status()).isEqualTo(200);
    assertThat(outer.get(OPEN, NOBODY).status()).isEqualTo(200);
    for (Rig rig : List.of(inner, outer)) {
      assertThat(rig.get(OPEN, NOBODY).header("cache-status").orElse(""))
          .startsWith("intrahub; hit")
          .doesNotContain("grant-age");
    }
  }
}
