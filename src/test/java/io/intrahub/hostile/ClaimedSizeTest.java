package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A repo that claims another size for the digest of somebody else's file hurts its own clients. */
class ClaimedSizeTest {
  private static final DevFile HONEST = DevFile.lfsGenerated(7, 5 << 20);
  private static final DevFile SHORT = DevFile.lfsGenerated(8, 3 << 20, HONEST.sha256());
  private static final DevFile LONG = DevFile.lfsGenerated(9, 7 << 20, HONEST.sha256());
  private static final String FILE = "/acme/open/resolve/main/big.bin";
  private static final String TOO_SHORT = "/evil/short/resolve/main/big.bin";
  private static final String TOO_LONG = "/evil/long/resolve/main/big.bin";

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.repo("model", "acme/open").commit("Add it", Map.of("big.bin", HONEST));
    rig.hub.repo("model", "evil/short").commit("Add it", Map.of("big.bin", SHORT));
    rig.hub.repo("model", "evil/long").commit("Add it", Map.of("big.bin", LONG));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  /** What the CDN has sent when nothing is on its way any more. */
  private long fetchedInTheEnd() {
    rig.settle();
    // The Hub goes on to send until it notices that nobody reads on.
    await().until(() -> rig.hub.log().stream().allMatch(Recorded::done));
    return rig.hub.counters().bytes(Route.CDN);
  }

  private Rig.Answer part(String target, String range) {
    return rig.send(rig.app().uri(), new Rig.Call("GET", target, range, ""), Optional.empty());
  }

  /** The liar's own client never gets a whole file. */
  private void assertNeverComplete(String target) {
    try {
      Rig.Answer answer = rig.get(target, Optional.empty());
      assertThat(answer.status()).isGreaterThanOrEqualTo(500);
    } catch (AssertionError broken) {
      assertThat(broken).hasMessageContaining("no whole answer");
    }
  }

  private void assertHonest() {
    Rig.Answer answer = rig.get(FILE, Optional.empty());
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(HONEST.allBytes());
  }

  /** From the store, without a byte from upstream. */
  private void assertStored() {
    long before = fetchedInTheEnd();
    assertHonest();
    assertThat(fetchedInTheEnd()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {TOO_SHORT, TOO_LONG})
  void a_lie_before_the_honest_client_comes_costs_it_nothing(String lie) {
    assertThat(part(lie, "bytes=0-0").status()).isEqualTo(206);
    long before = fetchedInTheEnd();
    assertHonest();
    assertThat(fetchedInTheEnd() - before).isEqualTo(HONEST.size());
    assertNeverComplete(lie);
    assertStored();
  }

  @ParameterizedTest
  @ValueSource(strings = {TOO_SHORT, TOO_LONG})
  @Tag("slow")
  void a_lie_in_the_middle_of_a_load_and_over_a_restart_costs_no_piece(String lie)
      throws Exception {
    assertThat(part(FILE, "bytes=0-2097151").status()).isEqualTo(206);
    long first = fetchedInTheEnd();
    assertThat(first).isGreaterThanOrEqualTo(2 << 20);
    assertThat(part(lie, "bytes=0-0").status()).isEqualTo(206);
    assertNeverComplete(lie);
    rig.restart();
    assertThat(part(lie, "bytes=1000-2000").status()).isEqualTo(206);
    assertNeverComplete(lie);

    long before = fetchedInTheEnd();
    assertHonest();
    assertThat(first + fetchedInTheEnd() - before).isEqualTo(HONEST.size());
    assertStored();
  }

  @Tag("slow")
  @Test
  void a_lie_about_a_file_that_is_stored_does_not_reach_it() throws Exception {
    assertHonest();
    assertStored();
    for (String lie : List.of(TOO_SHORT, TOO_LONG)) {
      assertNeverComplete(lie);
      assertStored();
    }
    rig.restart();
    assertNeverComplete(TOO_LONG);
    assertStored();
    assertThat(rig.app().storeUsage().blobs()).isEqualTo(1);
  }

  @Test
  void a_lie_that_came_wrong_does_not_make_the_honest_client_wait() {
    assertNeverComplete(TOO_SHORT);
    assertNeverComplete(TOO_LONG);
    assertHonest();
    // Had the digest been taken for one that comes wrong, a part would bring the whole instead.
    assertThat(part(FILE, "bytes=5-9").status()).isEqualTo(206);
    assertStored();
  }
}
