package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.RateGroup;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Hub answers every call with 429, because the site has used up its quota. */
class RateLimitedHubTest {
  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final String LOADED = "/acme/open/resolve/main/a.txt";
  private static final String COLD = "/acme/cold/resolve/main/a.txt";

  @TempDir private Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.token("hf_reader", "reader");
    rig.hub.token("hf_busy", "busy");
    Map<String, DevFile> files = Map.of("a.txt", DevFile.text("a"), "b.txt", DevFile.text("b"));
    for (String id : List.of("acme/open", "acme/cold", "acme/closed")) {
      rig.hub.repo("model", id).commit("Add them", files);
    }
    rig.hub.repo("model", "acme/closed").visibility(Visibility.PRIVATE).allow("hf_reader");
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private Rig.Answer get(String target) {
    return rig.get(target, Optional.empty());
  }

  private void closeBudgets() {
    for (RateGroup group : RateGroup.values()) {
      rig.hub.rateLimit(group, 0, WINDOW);
    }
  }

  private void idle() {
    await().until(() -> rig.app().runningTasks() == 0);
  }

  @Test
  void what_is_not_stored_is_refused_at_once_with_the_time_when_the_limit_ends() {
    // The first request of all is slow for reasons of its own.
    assertThat(get(LOADED).status()).isEqualTo(200);
    idle();
    closeBudgets();
    for (String target :
        List.of(COLD, "/api/models/acme/cold", "/api/models/acme/cold/tree/main")) {
      Instant began = Instant.now();
      Rig.Answer answer = get(target);

      assertThat(answer.status()).as(target).isEqualTo(503);
      assertThat(Integer.parseInt(answer.header("retry-after").orElseThrow())).isBetween(9, 300);
      assertThat(answer.text() + answer.header("x-error-message").orElse(""))
          .contains("it limits the rate of requests (429) of this site or token for another");
      assertThat(Duration.between(began, Instant.now())).isLessThan(Duration.ofSeconds(4));
    }
  }

  @Test
  void no_call_is_made_that_is_known_to_be_refused() {
    closeBudgets();
    get(COLD);
    get("/api/models/acme/cold");
    idle();
    long before = rig.hub.log().size();

    for (int i = 0; i < 20; i++) {
      assertThat(get("/acme/unknown-" + i + "/resolve/main/a.txt").status()).isEqualTo(503);
    }
    idle();

    assertThat(rig.hub.log().size() - before).isZero();
  }

  @Test
  void what_is_stored_loads_without_a_call() {
    assertThat(get(LOADED).status()).isEqualTo(200);
    idle();
    closeBudgets();
    rig.clock.pass(Duration.ofHours(1));
    Instant began = Instant.now();
    assertThat(get(LOADED).status()).isEqualTo(200);
    idle();
    long before = rig.hub.log().size();

    for (int i = 0; i < 20; i++) {
      Rig.Answer answer = get(LOADED);
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      assertThat(answer.header("x-hf-warning")).isPresent();
    }
    idle();

    assertThat(rig.hub.log().size() - before).isZero();
    assertThat(Duration.between(began, Instant.now())).isLessThan(Duration.ofSeconds(20));
  }

  @Test
  void the_hub_is_asked_again_when_the_limit_has_ended() {
    closeBudgets();
    assertThat(get(COLD).status()).isEqualTo(503);

    rig.clock.pass(WINDOW.plusSeconds(1));
    for (RateGroup group : RateGroup.values()) {
      rig.hub.liftRateLimit(group);
    }

    assertThat(get(COLD).text()).isEqualTo("a");
  }

  @Test
  void a_limit_that_says_nothing_of_its_end_is_named_all_the_same() {
    rig.hub.faults().everywhere().status(429);

    Rig.Answer answer = get(COLD);

    assertThat(answer.status()).as(answer.text()).isEqualTo(503);
    assertThat(answer.header("retry-after")).isPresent();
    assertThat(answer.text()).contains("it limits the rate of requests (429)");
  }

  @Test
  void a_token_that_used_up_its_quota_delays_nobody_else() {
    rig.hub
        .faults()
        .everywhere()
        .when(r -> r.headers().toString().contains("hf_busy"))
        .status(429, Map.of("Retry-After", "200"), "{}");
    for (String target : List.of("/acme/closed/resolve/main/a.txt", "/api/models/acme/closed")) {
      assertThat(rig.get(target, Optional.of("hf_busy")).status()).as(target).isEqualTo(503);
      assertThat(rig.get(target, Optional.of("hf_reader")).status()).as(target).isEqualTo(200);
    }
    assertThat(get(COLD).status()).isEqualTo(200);
  }
}
