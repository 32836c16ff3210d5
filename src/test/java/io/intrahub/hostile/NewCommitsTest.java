package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.metrics.Meters.CommitEvent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A branch moves only to a commit that can be served, whenever the Hub goes away. */
class NewCommitsTest {
  private static final Set<String> FILES = Set.of("README.md", "config.json", "model.bin");
  private static final DevFile OLD_MODEL = DevFile.lfsGenerated(1, 200_000);
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Pattern SHA = Pattern.compile("\"sha\":\"([0-9a-f]{40})\"");

  @TempDir private Path data;
  private Rig rig;
  private DevRepo repo;
  private String first;

  /** What clients send. */
  private Optional<String> token = Optional.empty();

  @BeforeEach
  void start() {
    start(UnaryOperator.identity());
  }

  private void start(UnaryOperator<AppSettings> change) {
    rig = new Rig(data.resolve("store"), change);
    repo = rig.hub.repo("model", "acme/x");
    first =
        repo.commit(
            "first",
            Map.of(
                "README.md", DevFile.text("one"),
                "config.json", DevFile.text("{}"),
                "model.bin", OLD_MODEL));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private void pass(int seconds) {
    rig.clock.pass(Duration.ofSeconds(seconds));
  }

  private Rig.Answer info() {
    return rig.get("/api/models/acme/x/revision/main", token);
  }

  /** Loads as {@code snapshot_download} does: the commit first, then each of its files. */
  private String load() {
    Rig.Answer info = info();
    assertThat(info.status()).as(info.text()).isEqualTo(200);
    Matcher sha = SHA.matcher(info.text());
    assertThat(sha.find()).isTrue();
    String commit = sha.group(1);
    for (String file : FILES) {
      Rig.Answer answer = rig.get("/acme/x/resolve/" + commit + "/" + file, token);
      assertThat(answer.status()).as("%s at %s: %s", file, commit, answer.headers()).isEqualTo(200);
    }
    return commit;
  }

  private String readme() {
    Rig.Answer answer = rig.get("/acme/x/resolve/main/README.md", Optional.empty());
    assertThat(answer.status()).isEqualTo(200);
    return new String(answer.body(), StandardCharsets.UTF_8);
  }

  private void loadFirst() {
    assertThat(load()).isEqualTo(first);
    rig.settle();
  }

  private String change(String readme) {
    return repo.commit("change", "README.md", DevFile.text(readme));
  }

  /** A request makes the mirror look at the branch again. */
  private void look() {
    pass(61);
    assertThat(info().status()).isEqualTo(200);
    rig.settle();
  }

  private long count(CommitEvent event) {
    return rig.app().meters().commitCount(event);
  }

  private long contentReads(long after) {
    return rig.hub.log().stream()
        .filter(r -> r.number() > after && r.route() != Route.REPO_INFO)
        .count();
  }

  private long last() {
    List<Recorded> log = rig.hub.log();
    return log.isEmpty() ? 0 : log.getLast().number();
  }

  @Test
  void a_changed_file_is_there_before_a_client_asks_for_it() {
    loadFirst();
    String second = change("two");
    look();
    assertThat(count(CommitEvent.WARMED)).isEqualTo(1);
    assertThat(rig.app().meters().warmedFileCount()).isEqualTo(1);
    pass(6);
    long before = last();
    assertThat(load()).isEqualTo(second);
    assertThat(readme()).isEqualTo("two");
    rig.settle();
    assertThat(contentReads(before)).isZero();
    assertThat(count(CommitEvent.VISIBLE)).isEqualTo(1);
  }

  @Test
  void the_hub_goes_away_before_the_changed_file_has_come() {
    loadFirst();
    String second = change("two");
    rig.hub.faults().on(Route.RESOLVE, Route.RESOLVE_CACHE).always().disconnect();
    look();
    assertThat(count(CommitEvent.UNANSWERED)).isEqualTo(1);
    rig.hub.goDark();
    for (int i = 0; i < 20; i++) {
      pass(10);
      assertThat(load()).isEqualTo(first);
      rig.settle();
    }
    Rig.Answer stale = info();
    assertThat(stale.header("Cache-Status").orElseThrow())
        .contains("detail=stale; newer=\"" + second + "\"");
    assertThat(stale.header("X-HF-Warning").orElseThrow()).contains(second);
    pass(3 * 3600);
    assertThat(load()).isEqualTo(first);

    rig.hub.faults().clear();
    rig.hub.comeBack();
    pass(61);
    load();
    rig.settle();
    pass(6);
    look();
    pass(6);
    long before = last();
    assertThat(load()).isEqualTo(second);
    assertThat(readme()).isEqualTo("two");
    assertThat(contentReads(before)).isZero();
    assertThat(info().header("X-HF-Warning")).isEmpty();
  }

  @Tag("slow")
  @Test
  void the_hub_goes_away_before_the_list_of_files_has_come() {
    loadFirst();
    change("two");
    rig.hub.faults().on(Route.TREE).always().disconnect();
    look();
    rig.hub.goDark();
    for (int i = 0; i < 20; i++) {
      pass(10);
      assertThat(load()).isEqualTo(first);
      rig.settle();
    }
    rig.hub.comeBack();
  }

  private void startAgain(UnaryOperator<AppSettings> change) {
    rig.close();
    start(change);
  }

  /** The Hub answers no more, and the mirror has noticed. */
  private void outage() {
    rig.hub.goDark();
    look();
    look();
    look();
    pass(10);
  }

  private void expectFirstDuringOutage(String newer) {
    assertThat(load()).isEqualTo(first);
    assertThat(info().header("Cache-Status").orElseThrow())
        .contains("detail=stale; newer=\"" + newer + "\"");
  }

  @Test
  void a_change_above_the_limit_is_shown_without_its_large_files_while_upstream_answers() {
    startAgain(s -> s.withMirror(s.mirror().withWarmLimit(100_000)));
    loadFirst();
    String second =
        repo.commit(
            "all",
            Map.of(
                "README.md", DevFile.text("two"), "model.bin", DevFile.lfsGenerated(2, 200_000)));
    look();
    assertThat(count(CommitEvent.PARTIAL)).isEqualTo(1);
    assertThat(rig.app().meters().warmedFileCount()).isEqualTo(1);
    pass(6);
    assertThat(readme()).isEqualTo("two");
    outage();
    expectFirstDuringOutage(second);
    assertThat(count(CommitEvent.FALLBACK)).isEqualTo(1);
    rig.hub.comeBack();
    look();
    look();
    pass(6);
    assertThat(load()).isEqualTo(second);
    rig.settle();
    // Now that a client has fetched the large file, the commit is as good as the one before.
    look();
    outage();
    assertThat(load()).isEqualTo(second);
    rig.hub.comeBack();
  }

  @Test
  void a_load_that_has_begun_does_not_fall_back_before_its_end() {
    startAgain(s -> s.withMirror(s.mirror().withWarmLimit(0)));
    loadFirst();
    change("two");
    look();
    pass(6);
    String second = repo.commitOf("main").orElseThrow();
    assertThat(load()).isEqualTo(second);
    rig.settle();
    change("three");
    look();
    pass(6);
    String third = repo.commitOf("main").orElseThrow();
    assertThat(info().text()).contains(third);
    rig.hub.goDark();
    for (int i = 0; i < 10; i++) {
      pass(4);
      Rig.Answer config = rig.get("/acme/x/resolve/main/config.json", Optional.empty());
      assertThat(config.header("X-Repo-Commit")).contains(third);
    }
    rig.hub.comeBack();
  }

  @Test
  void a_restart_during_an_outage_keeps_to_the_commit_that_is_there() {
    startAgain(s -> s.withMirror(s.mirror().withWarmLimit(0)));
    loadFirst();
    String second = change("two");
    look();
    pass(6);
    assertThat(info().text()).contains(second);
    rig.settle();
    rig.hub.goDark();
    rig.restart();
    outage();
    expectFirstDuringOutage(second);
    rig.restart();
    assertThat(load()).isEqualTo(first);
    rig.hub.comeBack();
  }

  @Test
  void warming_goes_on_after_a_restart() {
    loadFirst();
    String second =
        repo.commit(
            "all",
            Map.of("README.md", DevFile.text("two"), "config.json", DevFile.text("{\"a\":1}")));
    rig.hub
        .faults()
        .on(Route.RESOLVE, Route.RESOLVE_CACHE)
        .path("config.json")
        .always()
        .disconnect();
    rig.hub.faults().on(Route.RESOLVE, Route.RESOLVE_CACHE).path("README.md").always().disconnect();
    look();
    assertThat(count(CommitEvent.UNANSWERED)).isEqualTo(1);
    rig.hub.faults().clear();
    rig.restart();
    assertThat(load()).isEqualTo(first);
    look();
    pass(6);
    long before = last();
    assertThat(load()).isEqualTo(second);
    assertThat(contentReads(before)).isZero();
  }

  /** As if the process had ended when all was fetched and nothing shown. */
  @Test
  void what_was_fetched_before_a_restart_is_shown_although_the_hub_is_gone() {
    loadFirst();
    String second = change("two");
    look();
    assertThat(count(CommitEvent.WARMED)).isEqualTo(1);
    rig.restart();
    rig.hub.goDark();
    for (int i = 0; i < 4; i++) {
      look();
    }
    pass(10);
    assertThat(load()).isEqualTo(second);
    assertThat(readme()).isEqualTo("two");
    rig.hub.comeBack();
  }

  @Test
  void a_branch_that_was_forced_back_is_shown_without_a_call_for_content() {
    loadFirst();
    String second = change("two");
    look();
    pass(6);
    assertThat(load()).isEqualTo(second);
    rig.settle();
    repo.branch("main", first);
    long before = last();
    look();
    pass(6);
    assertThat(load()).isEqualTo(first);
    rig.settle();
    assertThat(contentReads(before)).isZero();
  }

  @Test
  void a_tag_that_moved_follows_the_same_rule() {
    repo.tag("v1", first);
    loadFirst();
    String tagged = "/api/models/acme/x/revision/v1";
    assertThat(rig.get(tagged, Optional.empty()).text()).contains(first);
    String second = change("two");
    repo.tag("v1", second);
    rig.hub.faults().on(Route.RESOLVE, Route.RESOLVE_CACHE).always().disconnect();
    pass(61);
    assertThat(rig.get(tagged, Optional.empty()).text()).contains(first);
    rig.settle();
    pass(6);
    assertThat(rig.get(tagged, Optional.empty()).text()).contains(first);
    rig.hub.faults().clear();
    pass(61);
    assertThat(rig.get(tagged, Optional.empty()).text()).contains(first);
    rig.settle();
    pass(6);
    assertThat(rig.get(tagged, Optional.empty()).text()).contains(second);
  }

  private static final String DEV = "/acme/x/resolve/dev/README.md";

  private Rig.Answer dev() {
    return rig.get(DEV, Optional.empty());
  }

  /** The Hub deletes a branch that clients have loaded, and the mirror has noticed. */
  private void deleteBranch() {
    repo.branch("dev", first);
    loadFirst();
    assertThat(dev().status()).isEqualTo(200);
    repo.deleteRef("refs/heads/dev");
    pass(61);
    assertThat(dev().status()).isEqualTo(200);
    rig.settle();
  }

  private void expectDeleted() {
    Rig.Answer gone = dev();
    assertThat(gone.status()).isEqualTo(404);
    assertThat(gone.header("X-Error-Code")).contains("RevisionNotFound");
    assertThat(count(CommitEvent.DELETED)).isEqualTo(1);
  }

  /** Nothing is asked about {@code acme/x}, so what is known of its branches stays fresh. */
  private void openBreaker() {
    for (int i = 0; i < 5; i++) {
      assertThat(rig.get("/api/models/other/x" + i, Optional.empty()).status()).isEqualTo(504);
    }
  }

  @Test
  void a_branch_that_was_deleted_stays_until_the_load_has_ended() {
    deleteBranch();
    pass(4);
    assertThat(dev().status()).isEqualTo(200);
    pass(6);
    expectDeleted();
  }

  @Test
  void a_branch_that_was_deleted_stays_while_the_hub_is_gone() {
    deleteBranch();
    rig.hub.goDark();
    // The mirror has not noticed yet.
    pass(6);
    assertThat(dev().status()).isEqualTo(200);
    openBreaker();
    for (int i = 0; i < 20; i++) {
      pass(10);
      assertThat(dev().status()).isEqualTo(200);
      rig.settle();
    }
    assertThat(dev().header("X-HF-Warning")).isPresent();
    rig.hub.comeBack();
    pass(61);
    assertThat(dev().status()).isEqualTo(200);
    rig.settle();
    pass(6);
    expectDeleted();
  }

  @Test
  void a_branch_that_clients_saw_deleted_stays_so_while_the_hub_is_gone() {
    deleteBranch();
    pass(10);
    expectDeleted();
    rig.hub.goDark();
    expectDeleted();
    openBreaker();
    expectDeleted();
    pass(6);
    expectDeleted();
    rig.hub.comeBack();
    repo.branch("dev", first);
    pass(61);
    assertThat(dev().status()).isEqualTo(200);
    rig.settle();
    rig.hub.goDark();
    assertThat(dev().status()).isEqualTo(200);
    rig.hub.comeBack();
  }

  /** When the circuit breaker's pause is over, the Hub may be asked, but has not answered. */
  @Test
  void the_end_of_a_pause_deletes_no_branch() {
    deleteBranch();
    rig.hub.goDark();
    openBreaker();
    pass(6);
    assertThat(dev().status()).isEqualTo(200);
    rig.hub.comeBack();
  }

  /** Loaders probe for files that a repo does not have, which makes the mirror ask again. */
  @Test
  void a_probe_for_a_missing_file_deletes_no_branch_while_the_hub_is_gone() {
    deleteBranch();
    rig.hub.goDark();
    pass(61);
    assertThat(rig.get("/acme/x/resolve/dev/adapter_config.json", Optional.empty()).status())
        .isEqualTo(404);
    assertThat(dev().status()).isEqualTo(200);
    rig.hub.comeBack();
  }

  /** The probe is the first request after a quiet time, and makes the mirror ask the Hub. */
  @Test
  void a_probe_for_a_missing_file_deletes_no_branch_at_the_first_word() {
    repo.branch("dev", first);
    loadFirst();
    assertThat(dev().status()).isEqualTo(200);
    repo.deleteRef("refs/heads/dev");
    pass(61);
    assertThat(rig.get("/acme/x/resolve/dev/adapter_config.json", Optional.empty()).status())
        .isEqualTo(404);
    rig.settle();
    assertThat(count(CommitEvent.DELETED)).isZero();
    assertThat(dev().status()).isEqualTo(200);
    pass(6);
    expectDeleted();
  }

  @Test
  void a_hub_that_says_neither_yes_nor_no_is_asked_about_a_deletion_once() {
    deleteBranch();
    pass(6);
    rig.hub.faults().on(Route.REPO_INFO).always().loginPage();
    assertThat(dev().status()).isEqualTo(200);
    rig.settle();
    long before = last();
    for (int i = 0; i < 3; i++) {
      pass(6);
      assertThat(dev().status()).isEqualTo(200);
    }
    rig.settle();
    assertThat(last()).isEqualTo(before);
    rig.hub.faults().clear();
    pass(60);
    expectDeleted();
  }

  @Test
  void the_end_of_a_pause_moves_no_branch_or_tag_to_a_commit_that_the_hub_must_serve() {
    startAgain(s -> s.withMirror(s.mirror().withWarmLimit(0)));
    String second = change("two");
    repo.branch("main", first);
    repo.tag("v1", first);
    loadFirst();
    String tagged = "/api/models/acme/x/revision/v1";
    assertThat(rig.get(tagged, Optional.empty()).text()).contains(first);
    rig.settle();
    repo.branch("main", second);
    repo.tag("v1", second);
    look();
    assertThat(rig.get(tagged, Optional.empty()).text()).contains(first);
    rig.settle();
    assertThat(count(CommitEvent.PARTIAL)).isEqualTo(2);
    rig.hub.goDark();
    openBreaker();
    pass(6);
    assertThat(load()).isEqualTo(first);
    assertThat(rig.get(tagged, Optional.empty()).text()).contains(first);
    rig.hub.comeBack();
  }

  @Test
  void a_file_that_cannot_be_had_holds_no_commit_back_for_ever() {
    loadFirst();
    String second = change("two");
    rig.hub.faults().on(Route.RESOLVE, Route.RESOLVE_CACHE).path("README.md").always().status(503);
    look();
    assertThat(count(CommitEvent.PARTIAL)).isEqualTo(1);
    pass(6);
    assertThat(info().text()).contains(second);
    outage();
    expectFirstDuringOutage(second);
    rig.hub.comeBack();
  }

  /** The connection breaks off each time, as behind a firewall that does not like the file. */
  @Test
  void a_file_whose_server_is_out_of_reach_holds_no_commit_back_while_the_hub_answers() {
    loadFirst();
    String second = change("two");
    rig.hub.faults().on(Route.RESOLVE, Route.RESOLVE_CACHE).path("README.md").always().disconnect();
    look();
    pass(6);
    assertThat(info().text()).contains(first);
    look();
    look();
    pass(6);
    assertThat(info().text()).contains(second);
  }

  private void close(Visibility visibility) {
    rig.hub.token(ALICE.get(), "alice");
    repo.visibility(visibility).allow(ALICE.get());
  }

  /** No token outlives the requests it came with. */
  @Test
  void for_a_private_repo_nothing_is_fetched_behind_the_clients_back() {
    close(Visibility.PRIVATE);
    token = ALICE;
    loadFirst();
    String second = change("two");
    long before = last();
    look();
    assertThat(rig.hub.log().stream().filter(r -> r.number() > before))
        .extracting(Recorded::route)
        .doesNotContain(Route.RESOLVE, Route.RESOLVE_CACHE, Route.CDN);
    assertThat(count(CommitEvent.PARTIAL)).isEqualTo(1);
    pass(6);
    assertThat(info().text()).contains(second);
    rig.settle();
    rig.hub.goDark();
    look();
    look();
    pass(10);
    expectFirstDuringOutage(second);
    rig.hub.comeBack();
  }

  @Test
  void a_private_commit_that_a_client_has_loaded_is_kept_in_an_outage() {
    close(Visibility.PRIVATE);
    token = ALICE;
    loadFirst();
    String second = change("two");
    look();
    pass(6);
    assertThat(load()).isEqualTo(second);
    rig.settle();
    look();
    rig.hub.goDark();
    look();
    look();
    pass(10);
    assertThat(load()).isEqualTo(second);
    rig.hub.comeBack();
  }

  @Test
  void a_repo_that_becomes_private_while_files_are_fetched_is_closed() {
    loadFirst();
    change("two");
    Stall stall = rig.hub.faults().on(Route.RESOLVE, Route.RESOLVE_CACHE).always().hold();
    pass(61);
    assertThat(info().status()).isEqualTo(200);
    stall.awaitReached(1);
    repo.visibility(Visibility.PRIVATE);
    stall.release();
    rig.settle();
    assertThat(info().status()).isEqualTo(401);
    assertThat(rig.app().meters().warmedFileCount()).isZero();
  }

  @Test
  void a_fetch_that_is_under_way_delays_no_client_and_shows_nothing() {
    loadFirst();
    change("two");
    Stall stall = rig.hub.faults().on(Route.RESOLVE, Route.RESOLVE_CACHE).always().hold();
    pass(61);
    assertThat(load()).isEqualTo(first);
    for (int i = 0; i < 20; i++) {
      pass(10);
      assertThat(load()).isEqualTo(first);
    }
    stall.release();
    rig.settle();
  }
}
