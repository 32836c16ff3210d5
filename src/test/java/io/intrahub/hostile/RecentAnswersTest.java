package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Visibility;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches and other lists: what is asked of the Hub, who is told the answer, and for how long. */
class RecentAnswersTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");
  private static final String SEARCH = "/api/models?search=acme&limit=2";
  private static final String DISCUSSIONS = "/api/models/acme/open/discussions";
  private static final Pattern NEXT = Pattern.compile("<([^>]*)>; *rel=\"next\"");

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
    for (String type : List.of("model", "dataset")) {
      rig.hub.repo(type, "acme/open").commit("Add it", "a.txt", DevFile.text("a"));
    }
    rig.hub
        .repo("model", "acme/secret")
        .visibility(Visibility.PRIVATE)
        .allow(ALICE.get())
        .commit("Add it", "a.txt", DevFile.text("a"));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private List<Recorded> calls() {
    rig.settle();
    await().until(() -> rig.hub.log().stream().allMatch(Recorded::done));
    return rig.hub.log();
  }

  /** The answer, and how many calls it took. */
  private record Asked(Rig.Answer answer, int calls) {}

  private Asked ask(String target, Optional<String> token) {
    int before = calls().size();
    Rig.Answer answer = rig.get(target, token);
    return new Asked(answer, calls().size() - before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        SEARCH,
        "/api/datasets?author=acme",
        "/api/spaces?search=x",
        "/api/spaces/semantic-search?q=x",
        "/api/spaces/templates",
        "/api/spaces/hardware",
        "/api/kernels?search=x",
        "/api/collections?owner=acme",
        "/api/collections/acme/things-1",
        "/api/papers/2401.00001",
        "/api/papers/search?q=a",
        "/papers/2401.00001.md",
        "/api/daily_papers",
        "/api/organizations/acme/members",
        "/api/users/alice/overview",
        "/api/models-tags-by-type",
        DISCUSSIONS,
        DISCUSSIONS + "/1?diff=1",
        "/api/models/acme/open/likers",
        "/api/models/acme/open/treesize/main",
        "/api/models/acme/open/scan",
        "/api/models/acme/open/compare/main..dev",
        "/api/models/acme/open/tree/main?expand=true",
        "/api/datasets/acme/open/parquet",
      })
  void a_list_is_asked_for_once_a_minute_and_is_still_there_while_the_hub_is_not(String target) {
    rig.hub.expectUnknownRoutes();
    Asked cold = ask(target, NOBODY);
    assertThat(cold.answer().status()).isEqualTo(200);
    assertThat(cold.answer().header("cache-status")).hasValue("intrahub; fwd=miss; stored");

    Asked warm = ask(target, NOBODY);
    assertThat(warm.calls()).isZero();
    assertThat(warm.answer().body()).isEqualTo(cold.answer().body());
    assertThat(warm.answer().header("cache-status")).hasValue("intrahub; hit; ttl=60");
    assertThat(warm.answer().header("cache-control")).hasValue("private, no-store");

    rig.clock.pass(Duration.ofSeconds(61));
    Asked expired = ask(target, NOBODY);
    assertThat(expired.answer().header("x-hf-warning")).isEmpty();
    // Beside it, the mirror may ask where the branch of the repo is now.
    String path = target.replaceAll("\\?.*", "");
    assertThat(calls()).filteredOn(call -> call.path().equals(path)).hasSize(2);

    rig.hub.goDark();
    rig.clock.pass(Duration.ofHours(2));
    Asked dark = ask(target, NOBODY);
    assertThat(dark.answer().status()).isEqualTo(200);
    assertThat(dark.answer().body()).isEqualTo(cold.answer().body());
    assertThat(dark.answer().header("cache-status"))
        .hasValueSatisfying(label -> assertThat(label).contains("hit", "detail=stale"));
    assertThat(dark.answer().header("x-hf-warning"))
        .hasValueSatisfying(text -> assertThat(text).contains("can't be reached", "7200 s ago"));
  }

  @Test
  void a_list_that_was_never_asked_for_is_an_outage_and_no_404_while_the_hub_is_away() {
    rig.hub.goDark();
    assertThat(ask(SEARCH, NOBODY).answer().status()).isEqualTo(504);
    rig.restartOffline();
    Rig.Answer offline = rig.get(SEARCH, NOBODY);
    assertThat(offline.status()).isEqualTo(501);
    assertThat(offline.text()).contains("offline");
  }

  @Test
  void an_answer_counts_for_the_token_that_it_was_asked_for_with_and_for_nobody_else() {
    String target = "/api/users/alice/likes";
    for (Optional<String> client : List.of(ALICE, BOB, NOBODY)) {
      Asked first = ask(target, client);
      assertThat(first.calls()).isEqualTo(1);
      assertThat(calls().getLast().authorization()).isEqualTo(client.map(t -> "Bearer " + t));
    }
    List<String> texts = new ArrayList<>();
    for (Optional<String> client : List.of(ALICE, BOB, NOBODY)) {
      Asked again = ask(target, client);
      assertThat(again.calls()).isZero();
      texts.add(again.answer().text());
    }
    assertThat(texts).doesNotHaveDuplicates();
  }

  @Test
  void a_list_with_a_private_repo_is_not_shown_to_others() {
    String target = "/api/models?search=secret";
    assertThat(ask(target, ALICE).answer().text()).contains("acme/secret");
    assertThat(ask(target, BOB).answer().text()).doesNotContain("secret");
    assertThat(ask(target, NOBODY).answer().text()).doesNotContain("secret");
    assertThat(ask(target, ALICE).answer().text()).contains("acme/secret");
  }

  @Test
  void a_token_that_the_hub_no_longer_knows_ends_its_answers() {
    ask(SEARCH, ALICE);
    rig.hub.revoke(ALICE.get());
    rig.clock.pass(Duration.ofSeconds(61));
    assertThat(ask(SEARCH, ALICE).answer().status()).isEqualTo(401);
    rig.hub.goDark();
    assertThat(ask(SEARCH, ALICE).answer().status()).isEqualTo(504);
  }

  @Test
  void an_answer_for_a_token_is_not_served_longer_than_its_grants_hold() {
    ask(SEARCH, ALICE);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(59));
    assertThat(ask(SEARCH, ALICE).answer().status()).isEqualTo(200);
    rig.clock.pass(Duration.ofMinutes(2));
    assertThat(ask(SEARCH, ALICE).answer().status()).isEqualTo(504);
  }

  /** The order and the spelling of the parameters make no other question. */
  @Test
  void equal_questions_share_one_answer() {
    assertThat(ask("/api/models?search=a%20b&limit=5&filter=x&filter=y", NOBODY).calls())
        .isEqualTo(1);
    assertThat(ask("/api/models?limit=5&filter=x&filter=y&search=a+b", NOBODY).calls()).isZero();
    assertThat(ask("/api/models?limit=5&filter=y&filter=x&search=a+b", NOBODY).calls())
        .isEqualTo(1);
  }

  @Test
  void a_client_that_wants_the_hub_asked_gets_that() throws Exception {
    ask(SEARCH, NOBODY);
    int before = calls().size();
    rig.hub.repo("model", "acme/newer").commit("Add it", "a.txt", DevFile.text("a"));
    rig.wire(
        ("GET /api/models?search=acme&limit=2 HTTP/1.1\r\nHost: x\r\nCache-Control: no-cache\r\n"
                + "Connection: close\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    assertThat(calls()).hasSize(before + 1);
  }

  @Test
  void pages_of_any_number_stay_on_the_mirror_also_while_the_hub_is_away() {
    for (int n = 0; n < 60; n++) {
      rig.hub.repo("model", "acme/m" + n).commit("Add it", "a.txt", DevFile.text("a"));
    }
    List<String> cold = idsOfAllPages();
    assertThat(cold).hasSize(61).doesNotHaveDuplicates();
    rig.hub.goDark();
    assertThat(idsOfAllPages()).isEqualTo(cold);
  }

  private List<String> idsOfAllPages() {
    return onAllPages(SEARCH, "id");
  }

  /** The values of a field in the answer and in all pages to which its links lead. */
  private List<String> onAllPages(String first, String field) {
    List<String> values = new ArrayList<>();
    String mirror = rig.app().uri().toString();
    Optional<String> target = Optional.of(first);
    while (target.isPresent()) {
      Rig.Answer page = rig.get(target.get(), NOBODY);
      assertThat(page.status()).isEqualTo(200);
      Matcher value = Pattern.compile("\"%s\":\"([^\"]*)\"".formatted(field)).matcher(page.text());
      value.results().forEach(found -> values.add(found.group(1)));
      Optional<String> next =
          page.header("link").map(NEXT::matcher).filter(Matcher::find).map(m -> m.group(1));
      next.ifPresent(url -> assertThat(url).startsWith(mirror + first.split("[?]")[0] + "?"));
      target = next.map(url -> url.substring(mirror.length()));
    }
    return values;
  }

  /** The cursors are upstream's, which may have any form. */
  @Test
  void a_tree_with_commits_has_all_its_pages_on_the_mirror() {
    rig.hub.treePageSize(2);
    List<String> paths = List.of("a.txt", "b.txt", "c.txt", "d.txt", "e.txt");
    paths.forEach(p -> rig.hub.repo("model", "acme/pages").commit("Add " + p, p, DevFile.text(p)));
    String tree = "/api/models/acme/pages/tree/main?recursive=true&expand=true";

    assertThat(onAllPages(tree, "path")).isEqualTo(paths);
    assertThat(onAllPages(tree, "title")).hasSize(paths.size());
    int before = calls().size();
    rig.hub.goDark();
    assertThat(onAllPages(tree, "path")).isEqualTo(paths);
    assertThat(calls()).hasSize(before);
  }

  @Test
  void links_of_an_answer_lead_to_the_mirror_as_each_client_names_it() {
    String target = "/api/papers/2401.00001";
    Rig.Answer first = rig.get(target, NOBODY);
    URI other = URI.create("http://localhost:" + rig.app().uri().getPort());
    Rig.Answer second = rig.send(other, new Rig.Call("GET", target, "", ""), NOBODY);
    assertThat(first.text()).contains("\"url\":\"" + rig.app().uri() + "/papers/2401.00001\"");
    assertThat(second.text()).contains("\"url\":\"" + other + "/papers/2401.00001\"");
    assertThat(second.header("cache-status")).hasValue("intrahub; hit; ttl=60");
  }

  @Test
  void clients_that_ask_at_the_same_time_share_one_call() throws Exception {
    rig.hub.faults().everywhere().path("/api/models").delay(Duration.ofMillis(300));
    int before = calls().size();
    List<Future<Rig.Answer>> answers = new ArrayList<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int n = 0; n < 20; n++) {
        answers.add(clients.submit(() -> rig.get(SEARCH, NOBODY)));
      }
    }
    for (Future<Rig.Answer> answer : answers) {
      assertThat(answer.get().status()).isEqualTo(200);
    }
    assertThat(calls()).hasSize(before + 1);
  }

  @Test
  void a_repo_that_becomes_private_ends_what_is_kept_about_it() {
    ask("/api/models/acme/open", NOBODY);
    ask(DISCUSSIONS, NOBODY);
    rig.hub.repo("model", "acme/open").visibility(Visibility.PRIVATE);
    rig.clock.pass(Duration.ofMinutes(11));
    assertThat(ask(DISCUSSIONS, NOBODY).answer().status()).isEqualTo(401);
    rig.hub.goDark();
    assertThat(ask(DISCUSSIONS, NOBODY).answer().status()).isNotEqualTo(200);
  }

  /** Another question already ended the right, so the answer is not served although it is fresh. */
  @Test
  void a_fresh_answer_about_a_repo_is_not_served_to_a_client_whose_grant_has_ended() {
    String target = "/api/models/acme/secret/discussions";
    assertThat(ask(target, ALICE).answer().status()).isEqualTo(200);
    assertThat(ask(target, ALICE).calls()).isZero();
    rig.hub.repo("model", "acme/secret").disallow(ALICE.get());
    assertThat(rig.get("/acme/secret/resolve/main/none.txt", ALICE).status()).isEqualTo(404);
    assertThat(ask(target, ALICE).answer().status()).isEqualTo(404);
    assertThat(ask(target, BOB).answer().status()).isEqualTo(404);
  }

  @Test
  void an_answer_about_a_repo_whose_name_another_repo_took_is_forgotten() throws Exception {
    String target = "/api/models/acme/open/treesize/main";
    assertThat(ask(target, NOBODY).answer().text()).contains("\"size\":1}");
    rig.hub.delete("model", "acme/open");
    rig.hub.repo("model", "acme/open").commit("Another", "b.txt", DevFile.text("longer"));
    // The repo is asked about again, before the answer is a minute old.
    rig.wire(
        ("GET /api/models/acme/open HTTP/1.1\r\nHost: x\r\nCache-Control: no-cache\r\n"
                + "Connection: close\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    assertThat(ask(target, NOBODY).answer().text()).contains("\"size\":6}");
  }

  @Test
  void a_list_that_is_too_large_for_memory_streams_through_each_time() {
    StringBuilder json = new StringBuilder("[");
    for (int n = 0; n < 300_000; n++) {
      json.append(n == 0 ? "" : ",").append("\"entry number ").append(n).append('"');
    }
    String text = json.append(']').toString();
    assertThat(text.length()).isGreaterThan(4 << 20);
    rig.hub
        .faults()
        .everywhere()
        .path("/api/models")
        .status(200, Map.of("Content-Type", "application/json"), text);
    for (int n = 0; n < 2; n++) {
      Rig.Answer answer = rig.get(SEARCH, NOBODY);
      assertThat(answer.text()).isEqualTo(text);
      assertThat(answer.header("cache-status")).hasValue("intrahub; fwd=bypass");
    }
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }

  @Test
  void an_answer_that_breaks_off_is_an_error_and_is_not_kept() {
    rig.hub
        .faults()
        .everywhere()
        .path("/api/models")
        .status(200, Map.of("Content-Type", "application/json"), "[{\"id\":");
    assertThat(ask(SEARCH, NOBODY).answer().status()).isEqualTo(503);
    rig.hub.faults().clear();
    assertThat(ask(SEARCH, NOBODY).answer().status()).isEqualTo(200);
  }

  /** A route that the mirror does not know may say something else each time. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/never-heard-of/it?x=1",
        "/api/models/acme/open/never-heard-of",
        "/api/models/acme/open/refs/never-heard-of",
        "/api/models/acme/open/tree/"
      })
  void an_unknown_read_streams_through_and_is_not_kept(String target) {
    rig.hub.expectUnknownRoutes();
    rig.hub
        .faults()
        .everywhere()
        .path(path -> path.contains("never-heard-of") || path.endsWith("/tree"))
        .status(200, Map.of("Content-Type", "application/cbor"), "{not json");
    for (int n = 0; n < 2; n++) {
      Asked asked = ask(target, NOBODY);
      assertThat(asked.calls()).isEqualTo(1);
      assertThat(asked.answer().status()).isEqualTo(200);
      assertThat(asked.answer().text()).isEqualTo("{not json");
      assertThat(asked.answer().header("cache-status")).hasValue("intrahub; fwd=bypass");
    }
  }

  @Test
  void what_is_about_the_holder_of_a_token_is_asked_for_each_time() {
    for (int n = 0; n < 2; n++) {
      Asked asked = ask("/api/spaces/zero-gpu/quota", ALICE);
      assertThat(asked.calls()).isEqualTo(1);
      assertThat(asked.answer().status()).isEqualTo(200);
      assertThat(asked.answer().header("cache-status")).hasValue("intrahub; fwd=bypass");
    }
  }

  /** The path could be that of a repo, and the answer shows that it is none. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "/api/spaces/next-thing?q=1     | application/json | [{\"id\":\"acme/open\"}]",
        "/api/spaces/next/thing?q=1     | application/json | {\"items\":[]}",
        "/api/models/next/thing?expand=sha | application/json | {\"id\":7}",
        "/api/models/next-thing/revision/1 | application/json | {\"id\":\"no repo\"}",
        "/api/datasets/next-thing       | text/markdown    | # Next",
      })
  void an_answer_that_is_no_repo_info_streams_through(String target, String type, String text) {
    rig.hub
        .faults()
        .everywhere()
        .path("/next")
        .status(200, Map.of("Content-Type", type, "X-Total-Count", "1"), text);
    for (Optional<String> client : List.of(NOBODY, ALICE)) {
      Rig.Answer answer = ask(target, client).answer();
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      assertThat(answer.text()).isEqualTo(text);
      assertThat(answer.header("content-type")).hasValue(type);
      assertThat(answer.header("x-total-count")).hasValue("1");
      assertThat(answer.header("cache-status")).hasValue("intrahub; fwd=bypass");
      Recorded last = calls().getLast();
      assertThat(last.path() + last.query().transform(q -> q.isEmpty() ? q : "?" + q))
          .isEqualTo(target);
      assertThat(last.authorization()).isEqualTo(client.map(t -> "Bearer " + t));
    }
  }

  @Test
  void an_answer_that_is_no_repo_info_names_its_next_page_on_the_mirror() {
    rig.hub
        .faults()
        .everywhere()
        .path("/next")
        .status(
            200,
            Map.of(
                "Content-Type",
                "application/json",
                "Link",
                "<%s/api/spaces/next-thing?cursor=2>; rel=\"next\"".formatted(rig.hub.uri())),
            "[]");
    assertThat(rig.get("/api/spaces/next-thing", NOBODY).header("link"))
        .hasValue("<%s/api/spaces/next-thing?cursor=2>; rel=\"next\"".formatted(rig.app().uri()));
  }
}
