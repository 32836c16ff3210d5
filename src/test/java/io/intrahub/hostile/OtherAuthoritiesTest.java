package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the Hub says to one token is no answer to another, and no answer at all is not a no. */
class OtherAuthoritiesTest {
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");
  private static final String INFO = "/api/models/acme/x";
  private static final String TREE = "/api/models/acme/x/tree/main";
  private static final String FILE = "/acme/x/resolve/main/config.json";

  @BeforeAll
  static void warmUp(@TempDir Path tmp) {
    Rig.warmUp(tmp.resolve("data"));
  }

  @TempDir Path data;
  private Rig rig;
  private DevRepo repo;
  private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data, OtherAuthoritiesTest::impatient);
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
    repo =
        rig.hub
            .repo("model", "acme/x")
            .visibility(Visibility.PRIVATE)
            .allow(ALICE.get(), BOB.get());
    repo.commit("Add it", "config.json", DevFile.text("{}"));
  }

  private static AppSettings impatient(AppSettings s) {
    return s.withMirror(s.mirror().withTimeouts(Duration.ofSeconds(8), Duration.ofMillis(50)));
  }

  @AfterEach
  void stop() {
    rig.hub.faults().clear();
    rig.close();
    clients.close();
  }

  private static Predicate<Recorded> by(Optional<String> client) {
    return call -> call.authorization().equals(client.map(token -> "Bearer " + token));
  }

  @Test
  void a_refusal_of_the_token_that_began_a_listing_is_not_that_of_who_waits_for_it()
      throws Exception {
    assertThat(rig.get(INFO, BOB).status()).isEqualTo(200);
    assertThat(rig.get(INFO, ALICE).status()).isEqualTo(200);
    rig.hub
        .faults()
        .on(Route.TREE)
        .when(by(ALICE))
        .status(
            404, Map.of("X-Error-Code", "RepoNotFound"), "{\"error\":\"Repository not found\"}");
    Stall stall = rig.hub.faults().on(Route.TREE).when(by(ALICE)).hold();

    CompletableFuture<Rig.Answer> alice =
        CompletableFuture.supplyAsync(() -> rig.get(TREE, ALICE), clients);
    stall.awaitReached(1);
    CompletableFuture<Rig.Answer> bob =
        CompletableFuture.supplyAsync(() -> rig.get(TREE, BOB), clients);
    stall.release();

    assertThat(bob.join().status()).isEqualTo(200);
    assertThat(alice.join().status()).isIn(403, 404);
    // The end of one's grant is not that of the other's.
    assertThat(rig.get(FILE, BOB).status()).isEqualTo(200);
    assertThat(rig.get(FILE, ALICE).status()).isIn(403, 404);
  }

  /** A client can use up its token's quota, and must neither gain nor lose by that. */
  @Tag("slow")
  @Test
  void a_429_to_a_token_neither_grants_nor_refuses_it_anything() {
    assertThat(rig.get(FILE, BOB).status()).isEqualTo(200);
    assertThat(rig.get(FILE, ALICE).status()).isEqualTo(200);
    rig.clock.pass(Duration.ofMinutes(16));
    rig.hub.faults().everywhere().when(by(ALICE)).status(429);

    assertThat(rig.get(FILE, ALICE).status()).isEqualTo(503);
    assertThat(rig.get(INFO, ALICE).status()).isEqualTo(503);
    assertThat(rig.get(FILE, BOB).status()).isEqualTo(200);

    rig.hub.faults().clear();
    // Not even the wait after a refusal is there.
    rig.clock.pass(Duration.ofSeconds(5));
    assertThat(rig.get(FILE, ALICE).status()).isEqualTo(200);
  }

  /** The question is asked again and again, for longer than its client waits. */
  @Tag("slow")
  @Test
  void short_limits_of_a_token_that_outlast_its_client_are_no_outage_and_that_of_another_is_one() {
    assertThat(rig.get(FILE, BOB).status()).isEqualTo(200);
    assertThat(rig.get(FILE, ALICE).status()).isEqualTo(200);
    rig.clock.pass(Duration.ofMinutes(16));
    rig.hub.faults().everywhere().when(by(ALICE)).status(429, Map.of("Retry-After", "2"), "{}");
    for (String when : List.of("after the wait", "while the question is open")) {
      assertThat(rig.get(FILE, ALICE).status()).as(when).isEqualTo(503);
    }
    Stall stall = rig.hub.faults().everywhere().when(by(BOB)).hold();
    assertThat(rig.get(FILE, BOB).status()).as("the Hub is silent").isEqualTo(200);
    stall.release();
  }

  @Tag("slow")
  @Test
  void a_429_to_a_token_of_which_nothing_is_known_is_no_refusal() {
    assertThat(rig.get(FILE, BOB).status()).isEqualTo(200);
    rig.hub.faults().everywhere().when(by(ALICE)).status(429);

    assertThat(rig.get(FILE, ALICE).status()).isIn(502, 503);

    rig.hub.faults().clear();
    rig.clock.pass(Duration.ofSeconds(5));
    assertThat(rig.get(FILE, ALICE).status()).isEqualTo(200);
  }
}
