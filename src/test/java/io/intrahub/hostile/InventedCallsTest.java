package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.AddressRanges;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.RateGroup;
import io.intrahub.http.ClientLimits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One client that makes up names can't use up the calls that the Hub allows the site. */
@Tag("slow")
class InventedCallsTest {
  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final int CALLS = 500;
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ATTACKER = Optional.of("10.0.0.66");
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private static DevRepo repo(Rig rig, String id) {
    DevRepo repo = rig.hub.repo("model", id);
    repo.commit(
        "Add it",
        Map.of("config.json", DevFile.text("{}"), "a.bin", DevFile.lfsGenerated(1, 50_000)));
    return repo;
  }

  private static ClientLoads honest(Rig rig) {
    return new ClientLoads(
        rig,
        "10.0.0.1",
        time -> {
          throw new AssertionError("an honest client has to wait");
        });
  }

  /** As many as one client may ask in a minute, of three kinds. */
  private static void attack(Rig rig, int round) {
    for (int i = 0; i < 110; i++) {
      String name = "%d-%d".formatted(round, i);
      for (String target :
          List.of(
              "/api/models/made-up/x" + name,
              "/api/models/acme/known/revision/%040x".formatted(round * 1000L + i),
              "/api/models?search=" + name)) {
        rig.send(rig.app().uri(), new Rig.Call("GET", target, "", ""), NOBODY, ATTACKER);
      }
    }
  }

  @Test
  void an_honest_client_loads_and_grants_are_renewed_meanwhile(@TempDir Path data)
      throws Exception {
    ClientLimits limits =
        new ClientLimits(10_000, 2_048, 1_024, AddressRanges.of(List.of("127.0.0.1")));
    try (Rig rig = new Rig(data, s -> s.withClients(limits))) {
      DevRepo known = repo(rig, "acme/known");
      DevRepo cold = repo(rig, "acme/cold");
      assertThat(honest(rig).snapshot(known, NOBODY).isWhole()).isTrue();
      rig.settle();
      rig.hub.rateLimit(RateGroup.API, CALLS, WINDOW);
      // The grant of the known repo runs out in this window.
      rig.clock.pass(MINUTE.multipliedBy(6));
      long before = rig.hub.log().size();
      IntStream.range(0, 4)
          .forEach(round -> {
            attack(rig, round);
            rig.clock.pass(MINUTE);
          });
      assertThat(rig.hub.log().size() - before)
          .as("calls that the attacker caused: enough to come near the limit")
          .isGreaterThan(CALLS * 3 / 4);
      assertThat(rig.hub.log()).noneMatch(call -> call.status() == 429);

      ClientLoads.Load load = honest(rig).snapshot(cold, NOBODY);
      assertThat(load.error()).isEmpty();
      rig.clock.pass(Duration.ofSeconds(1));
      ClientLoads.Load renewed = honest(rig).snapshot(known, NOBODY);
      assertThat(renewed.error()).isEmpty();
      assertThat(renewed.stale()).as("served under the old grant, with X-HF-Warning").isFalse();
      rig.settle();
      assertThat(rig.hub.log()).noneMatch(call -> call.status() == 429);
    }
  }
}
