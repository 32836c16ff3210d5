package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Refs and histories of commits are kept, agree with every other route, and work offline. */
class HistoryTest {
  private static final String REFS = "/api/models/acme/open/refs";
  private static final String COMMITS = "/api/models/acme/open/commits/main";
  private static final String FILE = "/acme/open/resolve/main/a.txt";

  private static final Map<String, String> JSON = Map.of("Content-Type", "application/json");

  @TempDir private Path data;
  private Rig rig;
  private DevRepo repo;
  private String first;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.token("hf_reader", "reader");
    rig.hub.token("hf_other", "other");
    repo = rig.hub.repo("model", "acme/open");
    repo.commit("First", "a.txt", DevFile.text("a"));
    first = repo.commit("Second", "b.txt", DevFile.text("b"));
    repo.ref("refs/tags/v1", first).ref("refs/pr/1", first);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private Rig.Answer get(String target) {
    return rig.get(target, Optional.empty());
  }

  private Rig.Answer fine(String target) {
    Rig.Answer answer = get(target);
    assertThat(answer.status()).as(target + " " + answer.text()).isEqualTo(200);
    return answer;
  }

  private void idle() {
    await().until(() -> rig.app().runningTasks() == 0);
  }

  private long calls(Route route) {
    return rig.hub.counters().requests(route);
  }

  @Test
  void refs_are_asked_for_once_while_they_are_fresh() {
    String list = fine(REFS).text();
    assertThat(list).contains("refs/heads/main", "refs/tags/v1", first).doesNotContain("refs/pr");
    assertThat(fine(REFS).text()).isEqualTo(list);
    assertThat(fine(REFS + "?include_prs=1").text()).contains("refs/pr/1");
    assertThat(fine(REFS + "?include_prs=True").text()).contains("refs/pr/1");
    assertThat(calls(Route.REFS)).isEqualTo(2);

    String third = repo.commit("Third", "c.txt", DevFile.text("c"));
    repo.ref("refs/tags/v2", third);
    rig.clock.pass(Duration.ofMinutes(30));

    assertThat(fine(REFS).text()).contains("refs/tags/v2");
  }

  /** The client chose the call; a limit of a plan or a firewall may refuse that call alone. */
  @Test
  void a_refusal_of_the_call_takes_the_repo_from_nobody() {
    fine(FILE);
    idle();
    rig.hub.faults().on(Route.REFS).always().status(403);
    assertThat(get(REFS).status()).isNotEqualTo(200);
    long before = rig.hub.counters().requests();
    fine(FILE);
    assertThat(rig.hub.counters().requests()).isEqualTo(before);
  }

  @Test
  void refs_name_the_commit_that_every_other_route_names() {
    fine(FILE);
    fine(REFS);
    String second = repo.commit("Third", "a.txt", DevFile.text("changed"));
    repo.ref("refs/tags/v2", second);
    rig.clock.pass(Duration.ofMinutes(6));
    for (int i = 0; i < 4; i++) {
      String shown = fine(FILE).header("x-repo-commit").orElseThrow();
      assertThat(commitOf(fine(REFS).text(), "refs/heads/main")).isEqualTo(shown);
      idle();
      rig.clock.pass(Duration.ofSeconds(3));
    }
    rig.clock.pass(Duration.ofMinutes(30));
    fine(FILE);
    idle();
    rig.clock.pass(Duration.ofMinutes(2));
    String shown = fine(FILE).header("x-repo-commit").orElseThrow();
    assertThat(shown).isEqualTo(second);
    assertThat(commitOf(fine(REFS).text(), "refs/heads/main")).isEqualTo(shown);
    assertThat(commitOf(fine(REFS).text(), "refs/tags/v2")).isEqualTo(second);
  }

  private static final String DEV = "/acme/open/resolve/dev/a.txt";

  /** The Hub deletes a branch and a tag that clients have loaded, and the mirror has noticed. */
  private void deleted() {
    repo.ref("refs/heads/dev", first);
    fine(DEV);
    fine("/api/models/acme/open/revision/v1");
    idle();
    rig.clock.pass(Duration.ofSeconds(40));
    assertThat(fine(REFS).text()).contains("refs/heads/dev", "refs/tags/v1");
    idle();
    repo.deleteRef("refs/heads/dev").deleteRef("refs/tags/v1");
    rig.clock.pass(Duration.ofSeconds(25));
    fine(DEV);
    fine("/api/models/acme/open/revision/v1");
    idle();
  }

  @Test
  void refs_leave_out_a_branch_that_clients_saw_disappear() {
    deleted();
    long before = calls(Route.REFS);
    assertThat(fine(REFS).text()).contains("refs/heads/dev");
    rig.clock.pass(Duration.ofSeconds(6));
    assertThat(get(DEV).status()).isEqualTo(404);
    assertThat(fine(REFS).text()).contains("refs/heads/main").doesNotContain("refs/heads/dev");
    assertThat(calls(Route.REFS)).as("it is the list from before").isEqualTo(before);
    idle();
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(3));
    assertThat(get(DEV).status()).isEqualTo(404);
    assertThat(fine(REFS).text()).contains("refs/heads/main").doesNotContain("refs/heads/dev");
  }

  @Test
  void refs_name_a_branch_that_is_made_again_at_once() {
    deleted();
    rig.clock.pass(Duration.ofSeconds(6));
    assertThat(get(DEV).status()).isEqualTo(404);
    repo.ref("refs/heads/dev", first);
    rig.clock.pass(Duration.ofSeconds(61));
    assertThat(fine(REFS).text()).contains("refs/heads/dev");
  }

  @Test
  void refs_name_a_branch_and_a_tag_that_still_load_although_the_hub_deleted_them() {
    deleted();
    // The list is older than a minute, so the Hub is asked, and lists neither.
    rig.clock.pass(Duration.ofSeconds(4));
    fine(DEV);
    fine("/api/models/acme/open/revision/v1");
    idle();
    rig.clock.pass(Duration.ofSeconds(4));
    fine(DEV);
    fine("/api/models/acme/open/revision/v1");
    for (int i = 0; i < 9; i++) {
      rig.clock.pass(Duration.ofSeconds(4));
      fine(DEV);
      fine("/api/models/acme/open/revision/v1");
    }
    long before = calls(Route.REFS);
    String list = fine(REFS).text();
    assertThat(calls(Route.REFS)).isEqualTo(before + 1);
    assertThat(list)
        .contains("{\"name\":\"dev\",\"ref\":\"refs/heads/dev\",\"targetCommit\":\"" + first)
        .contains("\"tags\":[{\"name\":\"v1\",\"ref\":\"refs/tags/v1\",\"targetCommit\":\"" + first)
        .containsOnlyOnce("refs/heads/dev")
        .doesNotContain("refs/heads/v1");
    assertThat(fine(REFS).text()).isEqualTo(list);
    idle();
    rig.clock.pass(Duration.ofSeconds(6));
    assertThat(get(DEV).status()).isEqualTo(404);
    assertThat(fine(REFS).text()).doesNotContain("refs/heads/dev");
  }

  @Test
  void refs_name_no_abbreviated_commit_that_the_hub_no_longer_finds() {
    String name = "abcdef1";
    String file = "/acme/open/resolve/" + name + "/a.txt";
    fine("/api/models/acme/open/refs");
    repo.ref("refs/heads/" + name, first);
    fine(file);
    idle();
    repo.deleteRef("refs/heads/" + name);
    rig.clock.pass(Duration.ofSeconds(61));
    fine(file);
    idle();
    assertThat(fine(REFS).text()).contains("refs/heads/main").doesNotContain(name);
    assertThat(get(file).status()).isEqualTo(200);
  }

  private static String commitOf(String refs, String ref) {
    int at = refs.indexOf("\"targetCommit\":\"", refs.indexOf("\"" + ref + "\""));
    return refs.substring(at + 16, at + 56);
  }

  @Test
  void the_history_of_a_commit_is_asked_for_once() {
    String list = fine(COMMITS).text();
    assertThat(list).contains("First", "Second", first);
    assertThat(fine(COMMITS).text()).isEqualTo(list);
    assertThat(fine("/api/models/acme/open/commits/" + first).text()).isEqualTo(list);
    assertThat(calls(Route.COMMITS)).isEqualTo(1);
  }

  /** Returns the commit to which the branch moves, once clients see it. */
  private String moved() {
    String third = repo.commit("Third", "c.txt", DevFile.text("c"));
    rig.clock.pass(Duration.ofMinutes(30));
    fine(FILE);
    idle();
    rig.clock.pass(Duration.ofMinutes(2));
    assertThat(fine(FILE).header("x-repo-commit")).hasValue(third);
    idle();
    return third;
  }

  @Test
  void the_history_before_the_last_move_of_a_branch_is_there_in_an_outage() {
    String query = "?expand%5B%5D=formatted";
    String plain = fine(COMMITS).text();
    String formatted = fine(COMMITS + query).text();
    String third = moved();
    rig.hub.goDark();
    for (String target : List.of(COMMITS, COMMITS + query)) {
      Rig.Answer answer = fine(target);
      assertThat(answer.text()).isEqualTo(target.equals(COMMITS) ? plain : formatted);
      assertThat(answer.header("x-repo-commit")).hasValue(first);
      assertThat(answer.header("cache-status"))
          .hasValueSatisfying(
              label -> assertThat(label).contains("hit", "detail=stale", "newer=\"" + third));
      assertThat(answer.header("x-hf-warning"))
          .hasValueSatisfying(text -> assertThat(text).contains("can't be reached", third));
    }
  }

  @Test
  void the_next_page_of_an_earlier_history_is_of_the_same_history() {
    for (int n = 0; n < 60; n++) {
      first = repo.commit("Commit " + n, "n.txt", DevFile.text("n" + n));
    }
    String link = fine(COMMITS).header("link").orElseThrow();
    String next = URI.create(link.substring(1, link.indexOf('>'))).getQuery();
    String page = fine(COMMITS + "?" + next).text();
    moved();
    rig.hub.goDark();
    assertThat(fine(COMMITS).header("link")).hasValue(link);
    Rig.Answer later = fine(COMMITS + "?" + next);
    assertThat(later.text()).isEqualTo(page);
    assertThat(later.header("x-repo-commit")).hasValue(first);
  }

  /** A client that has the first page of the present history would take the two for one list. */
  @Test
  void a_later_page_of_an_earlier_history_does_not_follow_the_first_of_the_present_one() {
    fine(COMMITS);
    String link = fine(COMMITS + "?limit=1").header("link").orElseThrow();
    String next = URI.create(link.substring(1, link.indexOf('>'))).getRawQuery();
    fine(COMMITS + "?" + next);
    moved();
    fine(COMMITS + "?limit=1");
    idle();
    rig.hub.goDark();
    assertThat(get(COMMITS + "?" + next).status()).isEqualTo(504);
  }

  @Test
  void the_earlier_history_does_not_stand_in_for_one_that_the_hub_would_tell() {
    fine(COMMITS);
    moved();
    rig.hub.faults().on(Route.COMMITS).always().status(429);
    assertThat(get(COMMITS).status()).isNotEqualTo(200);
  }

  @Test
  void the_earlier_history_stands_in_behind_a_portal() {
    String before = fine(COMMITS).text();
    String third = moved();
    rig.hub.faults().on(Route.COMMITS).always().loginPage();
    Rig.Answer answer = fine(COMMITS);
    assertThat(answer.text()).isEqualTo(before);
    assertThat(answer.header("x-repo-commit")).hasValue(first);
    assertThat(answer.header("cache-status"))
        .hasValueSatisfying(label -> assertThat(label).contains("newer=\"" + third));
  }

  @Test
  void a_history_that_was_shown_long_ago_does_not_stand_in() {
    fine(COMMITS);
    rig.clock.pass(Duration.ofDays(8));
    moved();
    rig.hub.goDark();
    assertThat(get(COMMITS).status()).isEqualTo(504);
  }

  @Test
  void the_history_after_the_last_move_takes_the_place_of_the_earlier_one() {
    fine(COMMITS);
    String third = moved();
    String now = fine(COMMITS).text();
    assertThat(now).contains(third);
    rig.restartOffline();
    assertThat(fine(COMMITS).text()).isEqualTo(now);
  }

  @Test
  void the_history_of_another_branch_does_not_stand_in() {
    repo.ref("refs/heads/dev", first);
    fine("/api/models/acme/open/commits/dev");
    moved();
    rig.hub.goDark();
    assertThat(get(COMMITS).status()).isEqualTo(504);
  }

  @Test
  void pages_of_a_history_are_kept_with_their_links() {
    for (boolean dark : List.of(false, true)) {
      if (dark) {
        idle();
        rig.hub.goDark();
      }
      Rig.Answer page = fine(COMMITS + "?limit=1");
      String link = page.header("link").orElseThrow();
      assertThat(link).startsWith("<" + rig.app().uri() + COMMITS + "?").endsWith("rel=\"next\"");
      URI next = URI.create(link.substring(1, link.indexOf('>')));
      Rig.Answer last = fine(next.getPath() + "?" + next.getRawQuery());
      assertThat(page.text()).contains("Second").doesNotContain("First");
      assertThat(last.text()).contains("First").doesNotContain("Second");
      assertThat(last.header("link")).isEmpty();
    }
  }

  /** Clients show it as the number of all pages' commits (HP 5.5). */
  @Test
  void each_page_of_a_history_says_how_many_commits_there_are() {
    String passedOn = COMMITS + "?unheard-of=1";
    assertThat(fine(passedOn).header("x-total-count")).hasValue("2");
    for (String query : List.of("?limit=1", "?limit=1&p=1", "")) {
      assertThat(fine(COMMITS + query).header("x-total-count")).as("cold" + query).hasValue("2");
      assertThat(fine(COMMITS + query).header("x-total-count")).as("warm" + query).hasValue("2");
    }
    idle();
    rig.restartOffline();
    assertThat(fine(COMMITS).header("x-total-count")).hasValue("2");
  }

  @Test
  void both_are_answered_from_the_last_known_while_the_hub_is_gone() {
    String refs = fine(REFS).text();
    String commits = fine(COMMITS).text();
    idle();
    rig.hub.goDark();
    rig.clock.pass(Duration.ofHours(3));
    for (int i = 0; i < 10; i++) {
      Rig.Answer answer = fine(REFS);
      assertThat(answer.text()).isEqualTo(refs);
      assertThat(answer.header("x-hf-warning")).isPresent();
      assertThat(fine(COMMITS).text()).isEqualTo(commits);
    }
    rig.restart();
    assertThat(fine(REFS).text()).isEqualTo(refs);
    assertThat(fine(COMMITS).text()).isEqualTo(commits);
  }

  @Test
  void refs_of_the_commit_before_serve_when_the_hub_goes_after_a_move() {
    fine(REFS);
    repo.commit("Third", "c.txt", DevFile.text("c"));
    rig.clock.pass(Duration.ofMinutes(30));
    fine("/api/models/acme/open");
    idle();
    rig.clock.pass(Duration.ofMinutes(2));
    fine("/api/models/acme/open");
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(30));
    fine("/api/models/acme/open");

    assertThat(fine(REFS).text()).contains("refs/tags/v1");
  }

  @Test
  void who_may_not_read_the_repo_gets_neither() {
    repo.visibility(Visibility.PRIVATE).allow("hf_reader");
    for (String target : List.of(REFS, COMMITS)) {
      assertThat(rig.get(target, Optional.of("hf_reader")).status()).as(target).isEqualTo(200);
      assertThat(get(target).status()).as(target).isEqualTo(401);
      assertThat(rig.get(target, Optional.of("hf_other")).status()).as(target).isEqualTo(404);
    }
    idle();
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(20));
    for (String target : List.of(REFS, COMMITS)) {
      Rig.Answer own = rig.get(target, Optional.of("hf_reader"));
      assertThat(own.status()).as(own.text()).isEqualTo(200);
      assertThat(own.header("cache-control").orElse("")).contains("private");
      assertThat(get(target).status()).as(target).isGreaterThanOrEqualTo(400);
      assertThat(rig.get(target, Optional.of("hf_other")).status()).isGreaterThanOrEqualTo(400);
    }
    rig.hub.comeBack();
    repo.disallow("hf_reader");
    rig.clock.pass(Duration.ofHours(2));
    for (String target : List.of(REFS, COMMITS)) {
      assertThat(rig.get(target, Optional.of("hf_reader")).status()).as(target).isEqualTo(404);
    }
  }

  @Test
  void a_revision_that_does_not_exist_is_refused_as_by_the_hub() {
    Rig.Answer answer = get("/api/models/acme/open/commits/nowhere");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.header("x-error-code")).contains("RevisionNotFound");
  }

  @Test
  void what_is_no_list_of_commits_or_refs_is_not_kept() {
    fine(FILE);
    rig.hub.faults().on(Route.COMMITS).times(2).status(200, JSON, "{\"later\":true}");
    rig.hub.faults().on(Route.REFS).times(2).status(200, JSON, "[]");
    fine(COMMITS);
    fine(REFS);
    idle();
    assertThat(fine(COMMITS).text()).contains("First", "Second");
    assertThat(fine(REFS).text()).contains("refs/heads/main");
  }

  /** The answer is kept for all, so it must be one that all would get. */
  @Test
  void the_refs_of_a_gated_repo_are_asked_for_without_a_token() {
    repo.visibility(Visibility.GATED).allow("hf_reader");
    assertThat(rig.get(FILE, Optional.of("hf_reader")).status()).isEqualTo(200);
    idle();
    rig.clock.pass(Duration.ofMinutes(30));
    for (String target : List.of(REFS, COMMITS)) {
      assertThat(rig.get(target, Optional.of("hf_reader")).status()).as(target).isEqualTo(200);
    }
    assertThat(rig.hub.log())
        .filteredOn(r -> r.route() == Route.REFS || r.route() == Route.COMMITS)
        .hasSize(2)
        .allMatch(r -> r.authorization().isEmpty());
  }

  @Test
  void later_pages_leave_places_for_the_first_ones() {
    for (int page = 1; page <= 30; page++) {
      get(COMMITS + "?limit=1&p=" + page);
    }
    idle();
    fine(COMMITS);
    long before = calls(Route.COMMITS);
    fine(COMMITS);
    assertThat(calls(Route.COMMITS)).isEqualTo(before);
  }

  @Test
  void pages_of_odd_sizes_leave_places_for_what_clients_ask_for() {
    for (int size = 1; size <= 30; size++) {
      get(COMMITS + "?limit=" + size);
    }
    idle();
    for (String query : List.of("", "?expand%5B%5D=formatted", "?expand[]=formatted")) {
      fine(COMMITS + query);
      long before = calls(Route.COMMITS);
      fine(COMMITS + query);
      assertThat(calls(Route.COMMITS)).as(query).isEqualTo(before);
    }
  }

  @Test
  void pages_of_odd_sizes_leave_places_for_later_pages_of_the_usual_size() {
    for (int size = 1; size <= 30; size++) {
      get(COMMITS + "?limit=" + size);
    }
    idle();
    fine(COMMITS + "?p=1");
    // Longer than a list is remembered that has no place in the store.
    rig.clock.pass(Duration.ofMinutes(2));
    long before = calls(Route.COMMITS);
    fine(COMMITS + "?p=1");
    assertThat(calls(Route.COMMITS)).isEqualTo(before);
  }

  @Test
  void a_page_for_which_there_is_no_place_costs_one_call() {
    for (int size = 1; size <= 30; size++) {
      get(COMMITS + "?limit=" + size);
    }
    long before = calls(Route.COMMITS);
    assertThat(fine(COMMITS + "?limit=500").text()).contains("First", "Second");
    assertThat(calls(Route.COMMITS)).isEqualTo(before + 1);
  }

  @Test
  void pages_that_race_for_the_last_place_cost_one_call_each() throws Exception {
    for (int size = 100; size < 110; size++) {
      fine(COMMITS + "?limit=" + size);
    }
    rig.hub.counters().reset();
    Stall stall =
        rig.hub.faults().everywhere().path(path -> path.contains("/commits/")).times(1).hold();
    FutureTask<Rig.Answer> slow = new FutureTask<>(() -> fine(COMMITS + "?limit=500"));
    Thread.ofVirtual().start(slow);
    stall.awaitReached(1);
    assertThat(fine(COMMITS + "?limit=501").text()).contains("First", "Second");
    stall.release();
    assertThat(slow.get().text()).contains("First", "Second");
    assertThat(calls(Route.COMMITS)).isEqualTo(2);
  }

  @Test
  void a_limit_for_those_without_a_token_does_not_stop_one() {
    repo.visibility(Visibility.PRIVATE).allow("hf_reader");
    assertThat(rig.get(FILE, Optional.of("hf_reader")).status()).isEqualTo(200);
    idle();
    rig.hub
        .faults()
        .everywhere()
        .when(r -> r.authorization().isEmpty() && r.route() != Route.CDN)
        .status(429, Map.of("Retry-After", "60"), "{\"error\":\"too many requests\"}");
    for (String target : List.of(REFS, COMMITS)) {
      Rig.Answer answer = rig.get(target, Optional.of("hf_reader"));
      assertThat(answer.status()).as(target + " " + answer.text()).isEqualTo(200);
    }
  }
}
