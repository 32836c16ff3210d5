package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.store.RepoStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The refresh of another request begins and ends while a request looks at what is known. */
@Timeout(30)
class RefreshRaceTest {
  private final DevHub hub = DevHub.builder().start();

  /** Reads of the branch's commit that this thread makes before the other request comes. */
  private final AtomicInteger before = new AtomicInteger();

  private final Thread looking = Thread.currentThread();
  private final MirrorRig rig = new MirrorRig(UnaryOperator.identity(), this::interrupted, hub);
  private String first;

  @BeforeEach
  void fill() {
    first = hub.repo("model", "acme/x").commit("first", Map.of("a.json", DevFile.text("1")));
  }

  @AfterEach
  void stop() {
    rig.settle();
    rig.close();
    hub.close();
  }

  /** The store; between a read of the branch's commit and the use of it, another request comes. */
  private RepoStore interrupted(RepoStore repos) {
    return (RepoStore)
        Proxy.newProxyInstance(
            RepoStore.class.getClassLoader(),
            new Class<?>[] {RepoStore.class},
            (_, method, args) -> {
              Object found;
              try {
                found = method.invoke(repos, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              boolean isLook = !method.getDeclaringClass().equals(Object.class);
              if (isLook && Thread.currentThread() == looking && before.getAndDecrement() == 1) {
                refreshOfAnotherRequest();
              }
              return found;
            });
  }

  private void refreshOfAnotherRequest() throws InterruptedException {
    Thread other = Thread.ofVirtual().start(() -> rig.commitOf("a.json"));
    other.join();
    rig.settle();
  }

  @ParameterizedTest(name = "after look {0}")
  @ValueSource(ints = {1, 2, 3})
  void no_second_refresh_begins_just_after_one_has_ended(int look) {
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    rig.settle();
    hub.counters().reset();
    rig.clock.pass(Duration.ofSeconds(61));
    before.set(look);
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    assertThat(before.get()).as("looks before the other request").isNotPositive();
    rig.settle();
    assertThat(hub.counters().requests(Route.REPO_INFO)).isEqualTo(1);
  }
}
