package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.ScriptedFault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Hub goes away or comes back in the middle of a load, after each number of its calls in turn.
 * What is stored loads whole. What is not loads whole or ends with a readable error ({@link
 * ClientLoads} judges both), and loads when the Hub is back.
 */
@Tag("slow")
class FlappingHubTest {
  private static final Optional<String> NOBODY = Optional.empty();

  /** After it, what was learned of a revision has expired. */
  private static final Duration EXPIRED = Duration.ofMinutes(2);

  /** A load of a new repo makes fewer calls. */
  private static final int MANY = 60;

  /** And so many at least, in each of which the Hub is to go away. */
  private static final int SEVERAL = 5;

  @TempDir Path tmp;
  private Rig rig;
  private ClientLoads loads;
  private DevRepo stored;
  private int fresh;
  private int whole;
  private int failed;

  @BeforeEach
  void start() {
    rig = new Rig(tmp);
    loads = new ClientLoads(rig);
    stored = repo("acme/stored");
    assertThat(loads.snapshot(stored, NOBODY).isWhole()).isTrue();
    assertThat(loads.transformers(stored, NOBODY).isWhole()).isTrue();
    rig.settle();
  }

  @AfterEach
  void stop() {
    if (rig != null) {
      rig.hub.faults().clear();
      rig.close();
    }
  }

  private DevRepo repo(String id) {
    fresh++;
    return loads.model(id, fresh);
  }

  @Test
  void it_goes_away_after_each_number_of_calls() {
    for (int calls = 0; ; calls++) {
      rig.clock.pass(EXPIRED);
      ScriptedFault gone = rig.hub.faults().everywhere().skip(calls).disconnect();
      load();
      if (gone.hits() == 0) {
        assertThat(calls).as("calls in which it went away").isGreaterThan(SEVERAL);
        break;
      }
      assertThat(calls).as("calls of a load").isLessThan(MANY);
    }
    assertThat(failed).as("loads of a new repo that failed").isPositive();
  }

  @Test
  void it_comes_back_after_each_number_of_calls() {
    for (int calls = 1; calls <= 3 * SEVERAL; calls++) {
      rig.clock.pass(EXPIRED);
      rig.hub.faults().everywhere().times(calls).disconnect();
      load();
    }
    assertThat(whole).as("loads of a new repo that it came back for").isPositive();
  }

  @Test
  void it_comes_and_goes_again_and_again() {
    for (int calls = 1; calls <= 2 * SEVERAL; calls++) {
      int answered = calls;
      AtomicInteger count = new AtomicInteger();
      rig.clock.pass(EXPIRED);
      rig.hub
          .faults()
          .everywhere()
          .when(_ -> count.getAndIncrement() / answered % 2 == 1)
          .disconnect();
      load();
    }
    assertThat(whole).as("loads of a new repo that were whole").isPositive();
  }

  /** One load of the stored repo and one of a new one, and the same when the Hub is back. */
  private void load() {
    DevRepo repo = repo("acme/new-" + fresh);
    boolean asSnapshot = fresh % 2 == 0;
    assertThat(load(stored, asSnapshot).isWhole()).as("the stored repo loads").isTrue();
    if (load(repo, asSnapshot).isWhole()) {
      whole++;
    } else {
      failed++;
    }
    rig.settle();
    rig.hub.faults().clear();
    rig.clock.pass(EXPIRED);
    assertThat(load(stored, asSnapshot).isWhole()).as("the stored repo loads again").isTrue();
    assertThat(load(repo, asSnapshot).isWhole()).as("the new repo loads afterwards").isTrue();
    rig.settle();
  }

  private ClientLoads.Load load(DevRepo repo, boolean asSnapshot) {
    return asSnapshot ? loads.snapshot(repo, NOBODY) : loads.transformers(repo, NOBODY);
  }
}
