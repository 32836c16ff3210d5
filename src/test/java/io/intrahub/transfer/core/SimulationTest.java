package io.intrahub.transfer.core;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.intrahub.store.StoreException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Readers, an upstream and a disk that go wrong in every way, and a process that dies in between,
 * five hundred times: whatever happens, what is promised holds, and in the end the content is there
 * and nothing else.
 *
 * <p>A failure names its seed. {@code -Dsimulation.seed=N -Dsimulation.rounds=1} plays it again;
 * {@code -Dsimulation.rounds=50000} plays as many.
 */
class SimulationTest {
  private static final int ROUNDS = Integer.getInteger("simulation.rounds", 500);

  /** From so many rounds on, everything that can happen must have happened often. */
  private static final int ENOUGH = 500;

  private static final SimContents CONTENTS = new SimContents();
  private static final Logger STORE = (Logger) LoggerFactory.getLogger("io.intrahub.store");
  private static Level level;

  @TempDir static Path root;

  @BeforeAll
  static void silence_the_store() {
    level = STORE.getLevel();
    // It complains about each fault, as it should.
    STORE.setLevel(Level.OFF);
  }

  @AfterAll
  static void let_the_store_speak() {
    STORE.setLevel(level);
  }

  private static Simulation simulation(long seed, Planted planted, boolean traced)
      throws StoreException {
    return new Simulation(seed, planted, root, CONTENTS, traced);
  }

  /** Runs one to its end, or says how it failed and what came before. */
  private static Simulation run(long seed) throws StoreException {
    Simulation simulation = simulation(seed, Planted.NONE, false);
    try {
      simulation.run();
      return simulation;
    } catch (AssertionError | RuntimeException e) {
      simulation.store.kill();
      throw new AssertionError(
          "seed %d: %s%n%s".formatted(seed, e.getMessage(), String.join("\n", replay(seed))), e);
    }
  }

  private static List<String> replay(long seed) throws StoreException {
    Simulation simulation = simulation(seed, Planted.NONE, true);
    try {
      simulation.run();
    } catch (AssertionError | RuntimeException e) {
      simulation.trace("%s", e);
    }
    simulation.store.kill();
    List<String> all = simulation.traced();
    return all.subList(Math.max(0, all.size() - 60), all.size());
  }

  @Tag("slow")
  @Test
  void what_is_promised_holds_whatever_happens() throws StoreException {
    long first = Long.getLong("simulation.seed", 1);
    System.out.printf(
        "SimulationTest: %d rounds from seed %d; more with -Dsimulation.rounds=50000%n",
        ROUNDS, first);
    Map<SimReader.Outcome, Integer> outcomes = new EnumMap<>(SimReader.Outcome.class);
    Map<Simulation.Death, Integer> deaths = new EnumMap<>(Simulation.Death.class);
    for (long seed = first; seed < first + ROUNDS; seed++) {
      Simulation done = run(seed);
      done.crowd.outcomes().forEach((k, n) -> outcomes.merge(k, n, Integer::sum));
      done.deaths().forEach((k, n) -> deaths.merge(k, n, Integer::sum));
    }
    if (ROUNDS >= ENOUGH) {
      // Or it would prove nothing.
      assertThat(outcomes).hasSize(SimReader.Outcome.values().length);
      assertThat(outcomes.values()).allMatch(n -> n > ROUNDS / 10);
      assertThat(deaths).hasSize(Simulation.Death.values().length);
      assertThat(deaths.values()).allMatch(n -> n > ROUNDS / 10);
    }
  }

  @Tag("slow")
  @Test
  void the_same_seed_is_the_same_run() throws StoreException {
    for (long seed = 1; seed <= 20; seed++) {
      assertThat(replay(seed)).isNotEmpty().isEqualTo(replay(seed));
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  @Tag("slow")
  void a_planted_bug_is_found(Planted bug) throws StoreException {
    Map<String, Integer> found = new TreeMap<>();
    List<Long> seeds = new ArrayList<>();
    for (long seed = 1; seed <= 500 && seeds.size() < 3; seed++) {
      Simulation simulation = simulation(seed, bug, false);
      try {
        simulation.run();
      } catch (AssertionError e) {
        simulation.store.kill();
        found.merge(String.valueOf(e.getMessage()), 1, Integer::sum);
        seeds.add(seed);
      }
    }
    assertThat(seeds).as("seeds that find %s", bug).hasSize(3);
    assertThat(found.keySet()).allMatch(m -> symptom(bug, m), "its symptom");
  }

  private static boolean symptom(Planted bug, String message) {
    return switch (bug) {
      case SKIPPED_FSYNC, MARKED_EARLY ->
          message.contains("is said to be there, and is not")
              || message.startsWith("pieces that were there are gone")
              || message.equals("what was published is gone");
      case NO_HOLD_BACK -> message.startsWith("a completed body is wrong");
      case NONE -> false;
    };
  }
}
