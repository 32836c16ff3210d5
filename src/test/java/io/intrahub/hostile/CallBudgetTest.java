package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.AddressRanges;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.RateGroup;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.http.ClientLimits;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the mirror does with the calls that the Hub still allows. */
class CallBudgetTest {
  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final int QUOTA = 40;
  private static final String INFO = "/api/models/acme/x/revision/main";

  @TempDir private Path data;
  private Rig rig;
  private DevRepo repo;
  private long mark;

  @BeforeEach
  void start() {
    ClientLimits limits =
        new ClientLimits(10_000, 2_048, 1_024, AddressRanges.of(List.of("127.0.0.1")));
    rig = new Rig(data, s -> s.withClients(limits));
    repo = rig.hub.repo("model", "acme/x");
    repo.commit("first", files("one"));
    rig.hub.rateLimit(RateGroup.API, QUOTA, WINDOW);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private static Map<String, DevFile> files(String words) {
    Map<String, DevFile> files = new HashMap<>();
    for (int i = 0; i < 5; i++) {
      files.put(i + ".txt", DevFile.text(words + " " + i));
    }
    return files;
  }

  private Rig.Answer get(String target) {
    return send("GET", target);
  }

  private Rig.Answer send(String method, String target) {
    return rig.send(rig.app().uri(), new Rig.Call(method, target, "", ""), Optional.empty());
  }

  private static String file(String revision, int number) {
    return "/acme/x/resolve/" + revision + "/" + number + ".txt";
  }

  private void load() {
    assertThat(get(INFO).status()).isEqualTo(200);
    for (int i = 0; i < 5; i++) {
      assertThat(get(file("main", i)).status()).isEqualTo(200);
    }
    rig.settle();
  }

  /** Other clients spend calls of the API in the current window until so many are left. */
  private void leave(int left) {
    for (int i = left + 1; i <= QUOTA; i++) {
      Rig.Call call = new Rig.Call("GET", "/api/models?author=someone-" + i, "", "");
      Optional<String> other = Optional.of("10.0.0." + i);
      assertThat(rig.send(rig.app().uri(), call, Optional.empty(), other).status()).isEqualTo(200);
    }
    mark();
  }

  private void mark() {
    rig.settle();
    List<Recorded> log = rig.hub.log();
    mark = log.isEmpty() ? 0 : log.getLast().number();
  }

  private List<Recorded> calls() {
    rig.settle();
    return rig.hub.log().stream().filter(call -> call.number() > mark).toList();
  }

  private void pass(Duration time) {
    rig.clock.pass(time);
  }

  @Test
  void near_the_end_what_is_stored_is_served_although_it_is_old() {
    repo.branch("other", repo.commitOf("main").orElseThrow());
    load();
    pass(Duration.ofMinutes(9));
    // Renews the grant, and says nothing of the branch main.
    assertThat(get("/api/models/acme/x/revision/other").status()).isEqualTo(200);
    // Longer than a client is served without the Hub's word on the branch.
    pass(Duration.ofMinutes(6));
    repo.commit("second", files("two"));
    leave(QUOTA / 10);

    Rig.Answer answer = get(file("main", 0));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(new String(answer.body(), StandardCharsets.UTF_8)).isEqualTo("one 0");
    assertThat(answer.header("x-hf-warning")).isPresent();
    assertThat(calls()).isEmpty();
  }

  @Test
  void a_client_that_needs_an_answer_gets_the_last_calls() {
    leave(1);
    assertThat(get(INFO).status()).isEqualTo(200);
    rig.settle();

    Rig.Answer refused = get("/api/models/acme/other");

    assertThat(refused.status()).isEqualTo(503);
    assertThat(refused.text())
        .contains("it allows no more requests of this site or token for another");
    assertThat(Integer.parseInt(refused.header("retry-after").orElseThrow())).isBetween(9, 300);
    assertThat(rig.hub.log()).noneMatch(call -> call.status() == 429);
  }

  @Test
  void nothing_is_refreshed_ahead_of_time_with_the_last_quarter() {
    load();
    pass(WINDOW.plusSeconds(2));
    leave(QUOTA / 4);

    assertThat(get(INFO).status()).isEqualTo(200);
    assertThat(get(file("main", 0)).status()).isEqualTo(200);
    assertThat(calls()).isEmpty();

    // The next window has calls for that.
    pass(WINDOW);
    assertThat(get(INFO).status()).isEqualTo(200);
    assertThat(calls()).extracting(Recorded::route).contains(Route.REPO_INFO);
  }

  @Test
  void files_of_a_new_commit_are_fetched_ahead_when_clients_leave_enough_calls() {
    load();
    pass(WINDOW.plusSeconds(2));
    rig.hub.rateLimit(RateGroup.RESOLVERS, QUOTA, WINDOW);
    for (int i = 0; i < QUOTA * 3 / 4; i++) {
      var _ = get("/acme/missing-" + i + "/resolve/main/a.txt");
    }
    rig.hub.liftRateLimit(RateGroup.API);
    repo.commit("second", files("two"));
    mark();
    assertThat(get(INFO).status()).isEqualTo(200);
    assertThat(calls())
        .extracting(Recorded::route)
        .contains(Route.REPO_INFO)
        .doesNotContain(Route.RESOLVE, Route.RESOLVE_CACHE);
    assertThat(rig.app().meters().warmedFileCount()).isZero();

    pass(WINDOW.plusSeconds(2));
    assertThat(get(INFO).status()).isEqualTo(200);
    rig.settle();
    assertThat(rig.app().meters().warmedFileCount()).isEqualTo(5);
  }

  @Test
  void a_new_commit_does_not_wait_for_ever_for_calls_that_are_never_left() {
    load();
    pass(WINDOW.plusSeconds(2));
    rig.hub.rateLimit(RateGroup.RESOLVERS, QUOTA, Duration.ofDays(1));
    for (int i = 0; i < QUOTA * 3 / 4; i++) {
      var _ = get("/acme/missing-" + i + "/resolve/main/a.txt");
    }
    rig.hub.liftRateLimit(RateGroup.API);
    String second = repo.commit("second", files("two"));
    for (int i = 0; i < 10; i++) {
      assertThat(get(INFO).text()).doesNotContain(second);
      rig.settle();
      pass(Duration.ofSeconds(61));
    }
    assertThat(get(INFO).text()).contains(second);
    assertThat(rig.app().meters().warmedFileCount()).isLessThan(5);
  }

  @Test
  void bytes_that_a_limit_keeps_back_are_a_429_which_clients_wait_for() {
    assertThat(get(INFO).status()).isEqualTo(200);
    String commit = repo.commitOf("main").orElseThrow();
    assertThat(get("/api/models/acme/x/tree/" + commit + "?recursive=true").status())
        .isEqualTo(200);
    rig.settle();
    rig.hub.rateLimit(RateGroup.RESOLVERS, 1, WINDOW);
    assertThat(get(file(commit, 0)).status()).isEqualTo(200);
    mark();

    assertThat(send("HEAD", file(commit, 1)).status()).isEqualTo(200);
    Rig.Answer answer = get(file(commit, 1));

    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.header("x-error-code")).isEmpty();
    int seconds = Integer.parseInt(answer.header("retry-after").orElseThrow());
    assertThat(seconds).isBetween(9, 301);
    assertThat(calls()).isEmpty();

    pass(Duration.ofSeconds(seconds + 1));
    assertThat(get(file(commit, 1)).status()).isEqualTo(200);
  }

  @Test
  void what_is_left_is_in_the_status_and_in_the_metrics() throws Exception {
    leave(3);
    assertThat(rig.app().status().quotas())
        .filteredOn(quota -> quota.quota().equals("api"))
        .singleElement()
        .satisfies(quota -> {
          assertThat(quota.identity()).isEqualTo("anonymous");
          assertThat(quota.left()).isEqualTo(3);
          assertThat(quota.limit()).isEqualTo(QUOTA);
          assertThat(quota.resets()).isBetween(Duration.ofSeconds(290), Duration.ofSeconds(301));
        });
    assertThat(rig.status())
        .contains(
            "\"quotas\":[{\"identity\":\"anonymous\",\"quota\":\"api\",\"left\":3,\"limit\":40");
    assertThat(rig.metrics())
        .contains("intrahub_upstream_calls_left{identity=\"anonymous\",quota=\"api\"} 3.0")
        .contains("intrahub_upstream_calls_left{identity=\"token\",quota=\"api\"} NaN");
  }
}
