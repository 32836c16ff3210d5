package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.Caller;
import io.intrahub.access.ReadPolicy;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.AppSettingsFactory;
import io.intrahub.cli.Wiring;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.mirror.ClientRequest;
import io.intrahub.mirror.FileAnswer;
import io.intrahub.mirror.Mirror;
import io.intrahub.mirror.RevisionRequest;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.SettableClock;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.hub.HubUpstream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** A branch that moved, seen by a client between any two steps of the mirror. */
class MovedRevisionTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/open");
  private static final Revision MAIN = new Revision("main");
  private static final FilePath FILE = new FilePath("a.txt");

  private final SettableClock clock = new SettableClock();

  /** Told of each observation just before it is written. */
  private final AtomicReference<Consumer<CommitHash>> beforeWrite =
      new AtomicReference<>(commit -> {});

  /** The store, with somebody looking over its shoulder. */
  private RepoStore watched(RepoStore store) {
    return (RepoStore)
        Proxy.newProxyInstance(
            RepoStore.class.getClassLoader(),
            new Class<?>[] {RepoStore.class},
            (proxy, method, args) -> {
              if (method.getName().equals("putRevision") && args.length == 3) {
                beforeWrite.get().accept((CommitHash) ((Observation<?>) args[2]).value());
              }
              try {
                return method.invoke(store, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void once_a_client_saw_the_new_commit_nobody_sees_the_old_one_again() throws Exception {
    try (DevHub hub = DevHub.builder().clock(clock).start();
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor()) {
      DevRepo repo = hub.repo("model", "acme/open");
      String old = repo.commit("Add it", "a.txt", DevFile.text("old"));
      AppSettings settings = AppSettingsFactory.demo("127.0.0.1", 0, Path.of("unused"), hub.uri());
      MemoryStore store = new MemoryStore(clock);
      RepoStore repos = watched(store.repos());
      Wiring wiring = TestWiring.of(settings, Wiring.Environment.of(clock, executor, timer));
      try (HubUpstream upstream = wiring.upstream()) {
        Mirror mirror =
            wiring.mirror(
                repos,
                upstream,
                wiring.transfers(store.published(), store.scratch()),
                ReadPolicy.PASSTHROUGH);
        assertThat(commitOf(mirror)).isEqualTo(old);
        String latest = repo.commit("Change it", "a.txt", DevFile.text("new"));
        clock.pass(Duration.ofSeconds(61));

        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        AtomicReference<Thread> other = new AtomicReference<>();
        beforeWrite.set(commit -> {
          Thread client = Thread.ofVirtual().unstarted(() -> seen.add(commitOf(mirror)));
          if (commit.hex().equals(old) && other.compareAndSet(null, client)) {
            // The mirror is about to note that the old commit is shown for now. Time passes, and
            // another client comes; it may have to wait for that note.
            clock.pass(Duration.ofSeconds(6));
            client.start();
            join(client, Duration.ofMillis(500));
          }
        });
        seen.add(commitOf(mirror));
        await().until(() -> other.get() != null);
        join(other.get(), Duration.ofSeconds(10));
        // Whether it can be served is found out behind the clients' backs.
        await()
            .until(() -> {
              clock.pass(Duration.ofSeconds(6));
              seen.add(commitOf(mirror));
              return seen.contains(latest);
            });
        for (int i = 0; i < 5; i++) {
          clock.pass(Duration.ofSeconds(6));
          seen.add(commitOf(mirror));
        }
        assertThat(seen.subList(seen.indexOf(latest), seen.size())).containsOnly(latest);
      }
    }
  }

  private static void join(Thread thread, Duration atMost) {
    try {
      thread.join(atMost);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String commitOf(Mirror mirror) {
    try (ClientRequest client = ClientRequest.of(Caller.ANONYMOUS, List.of())) {
      FileAnswer answer = mirror.files().resolve(new RevisionRequest(REPO, MAIN, client), FILE);
      assertThat(answer).isInstanceOf(FileAnswer.Found.class);
      return ((FileAnswer.Found) answer).commit().hex();
    }
  }
}
