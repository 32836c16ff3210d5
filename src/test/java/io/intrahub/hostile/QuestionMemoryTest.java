package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One client uses up its share of the memory budget with repo info that comes slowly. */
@Timeout(60)
class QuestionMemoryTest {
  private static final String GREEDY = "127.0.0.2";
  private static final String HONEST = "127.0.0.3";
  private static final String FILE =
      "/acme/open/resolve/main/a-file-with-quite-a-long-name-and-a-number-7.txt";
  private static final String INFO = "/api/models/acme/open";

  /** One client's share is a quarter, which two answers of more than 64 KiB nearly use up. */
  private static final int BUDGET = 2 << 20;

  private static final int ANSWER = 192 * 1024;
  private static final int SLOW = 2;

  /** An answer is read up to here before anything is made of it. */
  private static final int WHOLE = 60_000;

  @TempDir Path data;
  private Rig rig;
  private final List<RawClient> slow = new ArrayList<>();
  private final Map<String, DevFile> files = new LinkedHashMap<>();

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data, s -> s.withBudgetBytes(BUDGET));
    for (int i = 0; i < 2_000; i++) {
      files.put("a-file-with-quite-a-long-name-and-a-number-%d.txt".formatted(i), DevFile.text(""));
    }
    rig.hub.repo("model", "acme/open").commit("Add them", files);
    for (int i = 0; i < SLOW; i++) {
      rig.hub.repo("model", "acme/slow-" + i).commit("Add them", files);
    }
    rig.hub.faults().on(Route.REPO_INFO).path("/slow-").stallAfter(100_000);
  }

  @AfterEach
  void stop() throws Exception {
    rig.hub.faults().clear();
    for (RawClient client : slow) {
      client.close();
    }
    rig.close();
  }

  private void useUpShare() throws Exception {
    for (int i = 0; i < SLOW; i++) {
      slow.add(new RawClient(rig, GREEDY).get("/api/models/acme/slow-" + i));
    }
    await().until(() -> rig.app().budgetUsage().used() >= SLOW * ANSWER);
  }

  private static String token(String token) {
    return "Authorization: Bearer " + token;
  }

  /** A private repo whose info is large, and which these tokens may read. */
  private void makePrivate(String id, String... tokens) {
    DevRepo repo = rig.hub.repo("model", id).visibility(Visibility.PRIVATE);
    repo.commit("Add them", files);
    for (String token : tokens) {
      rig.hub.token(token, token.substring(3));
      repo.allow(token);
    }
  }

  private int load(String from, String repo, String token) throws Exception {
    try (RawClient client = new RawClient(rig, from)) {
      String target = "/" + repo + "/resolve/main/" + FILE.substring(FILE.lastIndexOf('/') + 1);
      String head = client.get(target, token(token)).head();
      return Integer.parseInt(head.substring(9, 12));
    }
  }

  /** Asks about repos that the Hub lets these tokens read, whose info stops early, and waits. */
  private void askWithTokens(String from) throws Exception {
    rig.hub
        .faults()
        .on(Route.REPO_INFO)
        .path("/own-")
        .when(r -> r.authorization().isPresent())
        .stallAfter(WHOLE);
    for (int i = 0; i < SLOW; i++) {
      slow.add(new RawClient(rig, from).get("/api/models/acme/own-" + i, token("hf_new" + i)));
    }
    await().until(() -> rig.app().budgetUsage().used() >= SLOW * 3L * WHOLE);
  }

  @Test
  void questions_with_new_tokens_leave_memory_to_confirm_the_grants_of_others() throws Exception {
    makePrivate("acme/closed", "hf_honest");
    for (int i = 0; i < SLOW; i++) {
      makePrivate("acme/own-" + i, "hf_new" + i);
    }
    assertThat(load(HONEST, "acme/closed", "hf_honest")).isEqualTo(200);
    await().until(() -> rig.app().runningTasks() == 0);
    askWithTokens(GREEDY);
    rig.clock.pass(Duration.ofMinutes(16));

    assertThat(load(HONEST, "acme/closed", "hf_honest")).isEqualTo(200);
  }

  @Test
  @Tag("slow")
  void confirmations_that_take_all_their_memory_leave_a_client_its_own_for_a_new_token()
      throws Exception {
    makePrivate("acme/closed", "hf_honest");
    for (int i = 0; i < SLOW; i++) {
      makePrivate("acme/own-" + i, "hf_new" + i);
      assertThat(load(GREEDY, "acme/own-" + i, "hf_new" + i)).isEqualTo(200);
    }
    await().until(() -> rig.app().runningTasks() == 0);
    rig.clock.pass(Duration.ofMinutes(16));
    askWithTokens(GREEDY);

    assertThat(load(HONEST, "acme/closed", "hf_honest")).isEqualTo(200);
  }

  /** Two machines with one token: the second joins the question that the first began. */
  @Tag("slow")
  @Test
  void who_joins_a_question_with_a_token_asks_again_if_the_other_client_has_no_memory_left()
      throws Exception {
    makePrivate("acme/closed", "hf_shared");
    useUpShare();
    String info = "/api/models/acme/closed";
    try (RawClient greedy = new RawClient(rig, GREEDY).get(info, token("hf_shared"))) {
      await().until(() -> asked(info, "hf_shared") == 1);
      try (RawClient honest = new RawClient(rig, HONEST).get(info, token("hf_shared"))) {
        assertThat(honest.head()).startsWith("HTTP/1.1 200 ");
      }
      assertThat(greedy.head()).startsWith("HTTP/1.1 503 ");
    }
    assertThat(asked(info, "hf_shared")).isGreaterThanOrEqualTo(2);
  }

  private long asked(String path, String token) {
    return rig.hub.log().stream()
        .filter(r -> r.path().startsWith(path))
        .filter(r -> r.authorization().filter(("Bearer " + token)::equals).isPresent())
        .count();
  }

  private int status(String from) throws Exception {
    return status(from, INFO);
  }

  private int status(String from, String target) throws Exception {
    try (RawClient client = new RawClient(rig, from)) {
      return Integer.parseInt(client.get(target).head().substring(9, 12));
    }
  }

  private long asked() {
    return rig.hub.log().stream()
        .filter(r -> r.path().equals(INFO) || r.path().startsWith(INFO + "/revision/"))
        .count();
  }

  @Tag("slow")
  @Test
  void another_client_has_a_share_of_its_own_for_its_questions() throws Exception {
    useUpShare();
    assertThat(status(GREEDY)).isEqualTo(503);
    assertThat(status(HONEST)).isEqualTo(200);
  }

  @Tag("slow")
  @Test
  void another_client_that_joins_its_question_asks_again() throws Exception {
    useUpShare();
    try (RawClient greedy = new RawClient(rig, GREEDY).get(INFO)) {
      await().until(() -> asked() == 1);
      assertThat(status(HONEST)).isEqualTo(200);
      assertThat(greedy.head()).startsWith("HTTP/1.1 503 ");
    }
    assertThat(asked()).isEqualTo(2);
  }

  @Tag("slow")
  @Test
  void its_refresh_of_a_revision_does_not_keep_others_from_theirs() throws Exception {
    assertThat(status(HONEST, FILE)).isEqualTo(200);
    await().until(() -> rig.app().runningTasks() == 0);
    useUpShare();
    long before = asked();
    rig.clock.pass(Duration.ofSeconds(90));
    // A file, which needs none of its share.
    assertThat(status(GREEDY, FILE)).isEqualTo(200);
    await().until(() -> asked() == before + 1);
    assertThat(status(HONEST, FILE)).isEqualTo(200);
    await().until(() -> asked() == before + 2);
  }
}
