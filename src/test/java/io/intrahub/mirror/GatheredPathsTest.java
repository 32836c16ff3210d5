package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.FilePath;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Questions about files of a commit that is too large for its listing to be stored. */
class GatheredPathsTest {
  private static final int FILES = 64;

  /** More than one client has under way here at a time. */
  private static final int QUESTIONS = 6;

  private static final Caller ANYBODY = Caller.anonymous("10.0.0.1");
  private static final Caller ALICE = holder("hf_alice", "a");
  private static final Caller BOB = holder("hf_bob", "b");

  private final DevHub hub = DevHub.builder().start();
  private final MirrorRig patient = rig(Duration.ofMinutes(1));
  private MirrorRig rig = patient;
  private final Map<String, DevFile> files = new LinkedHashMap<>();

  /** With clients that wait this long for a question that others share. */
  private MirrorRig rig(Duration patience) {
    return new MirrorRig(
        s ->
            s.withMirror(
                s.mirror()
                    .withManifestLimit(10)
                    .withColdQuestions(QUESTIONS)
                    // How long clients wait for a newer commit makes no difference.
                    .withTimeouts(Duration.ofSeconds(8), Duration.ofMillis(1))
                    .withSharedTimeout(patience)),
        hub);
  }

  private static Caller holder(String token, String fingerprint) {
    return new Caller(
        new Authority.TokenHolder(fingerprint), AccessToken.of(token), "10.0.0." + fingerprint);
  }

  @BeforeEach
  void fill() {
    hub.token("hf_alice", "alice");
    hub.token("hf_bob", "bob");
    for (int i = 0; i <= FILES; i++) {
      files.put(path(i), DevFile.lfsGenerated(i, 100 + i));
    }
    hub.repo("model", "acme/x").commit("Add them", files);
  }

  @AfterEach
  void stop() {
    patient.close();
    hub.close();
  }

  private static String path(int number) {
    return "data/%03d.bin".formatted(number);
  }

  private FileAnswer ask(String path, Caller as) {
    try (ClientRequest client = ClientRequest.of(as, List.of())) {
      return rig.mirror
          .files()
          .resolve(new RevisionRequest(MirrorRig.REPO, MirrorRig.MAIN, client), new FilePath(path));
    }
  }

  /** Lets the mirror find out that the listing is too large. */
  private void learnSize(Caller as) {
    assertThat(ask(path(FILES), as)).isInstanceOf(FileAnswer.Found.class);
    rig.settle();
  }

  private List<Recorded> calls(Route route, int since) {
    return hub.log().stream().skip(since).filter(call -> call.route() == route).toList();
  }

  /** Asks for each path in a thread of its own, all while the first question is held. */
  private List<FileAnswer> askTogether(List<String> paths, Caller as) throws Exception {
    Stall stall = hub.faults().on(Route.RESOLVE).hold();
    List<FutureTask<FileAnswer>> answers = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (String path : paths) {
      FutureTask<FileAnswer> answer = new FutureTask<>(() -> ask(path, as));
      answers.add(answer);
      threads.add(Thread.ofVirtual().start(answer));
      if (answers.size() == 1) {
        stall.awaitReached(1);
      }
    }
    await().until(() -> threads.stream().allMatch(GatheredPathsTest::isWaiting));
    stall.release();
    List<FileAnswer> all = new ArrayList<>();
    for (FutureTask<FileAnswer> answer : answers) {
      all.add(answer.get());
    }
    return all;
  }

  private static boolean isWaiting(Thread thread) {
    return thread.getState() == Thread.State.WAITING
        || thread.getState() == Thread.State.TIMED_WAITING;
  }

  private void expectRight(List<String> paths, List<FileAnswer> answers) {
    for (int i = 0; i < paths.size(); i++) {
      assertThat(answers.get(i)).isInstanceOf(FileAnswer.Found.class);
      assertThat(((FileAnswer.Found) answers.get(i)).blob().digest().hex())
          .isEqualTo(files.get(paths.get(i)).sha256());
    }
  }

  @Test
  void sixty_four_files_that_are_asked_for_at_once_cost_two_calls() throws Exception {
    learnSize(ANYBODY);
    int before = hub.log().size();
    List<String> paths = IntStream.range(0, FILES).mapToObj(GatheredPathsTest::path).toList();

    expectRight(paths, askTogether(paths, ANYBODY));

    assertThat(calls(Route.RESOLVE, before)).hasSize(1);
    assertThat(calls(Route.PATHS_INFO, before)).hasSize(1);
  }

  @Test
  void a_file_that_is_asked_for_alone_costs_its_own_call_only() {
    learnSize(ANYBODY);
    int before = hub.log().size();

    expectRight(List.of(path(1)), List.of(ask(path(1), ANYBODY)));
    expectRight(List.of(path(2)), List.of(ask(path(2), ANYBODY)));

    assertThat(calls(Route.RESOLVE, before)).hasSize(2);
    assertThat(calls(Route.PATHS_INFO, before)).isEmpty();
  }

  @Test
  void what_the_shared_call_does_not_answer_is_asked_for_alone() throws Exception {
    learnSize(ANYBODY);
    List<String> paths = List.of(path(0), path(1), "none.txt", path(2));

    List<FileAnswer> answers = askTogether(paths, ANYBODY);

    assertThat(answers.get(2)).isInstanceOf(ErrorReply.class);
    assertThat(((ErrorReply) answers.get(2)).error().status()).isEqualTo(404);
    expectRight(List.of(path(1), path(2)), List.of(answers.get(1), answers.get(3)));

    hub.faults().on(Route.PATHS_INFO).status(500);
    List<String> others = List.of(path(3), path(4), path(5));
    expectRight(others, askTogether(others, ANYBODY));
  }

  @Test
  void one_slow_file_holds_up_no_other() throws Exception {
    try (MirrorRig impatient = rig(Duration.ofSeconds(2))) {
      rig = impatient;
      learnSize(ANYBODY);
      int before = hub.log().size();
      Stall stall = hub.faults().on(Route.RESOLVE).hold();
      FutureTask<FileAnswer> slow = new FutureTask<>(() -> ask(path(0), ANYBODY));
      Thread.ofVirtual().start(slow);
      stall.awaitReached(1);
      List<String> paths = List.of(path(1), path(2), path(3));
      List<FutureTask<FileAnswer>> others =
          paths.stream().map(path -> new FutureTask<>(() -> ask(path, ANYBODY))).toList();
      others.forEach(Thread.ofVirtual()::start);
      List<FileAnswer> answers = new ArrayList<>();
      for (FutureTask<FileAnswer> other : others) {
        answers.add(other.get());
      }
      expectRight(paths, answers);
      assertThat(slow.isDone()).isFalse();
      assertThat(calls(Route.PATHS_INFO, before)).hasSize(1);
      stall.release();
      expectRight(List.of(path(0)), List.of(slow.get()));
      assertThat(calls(Route.RESOLVE, before)).hasSize(1);
    }
  }

  /** The clock stands still, so a question that is not given back is lost. */
  @Test
  void a_file_that_nobody_asks_for_with_others_costs_nothing_once_it_is_found() throws Exception {
    learnSize(ANYBODY);
    for (int i = 0; i < 2 * QUESTIONS; i++) {
      List<String> paths = List.of(path(2 * i), path(2 * i + 1));
      expectRight(paths, askTogether(paths, ANYBODY));
    }
  }

  @Test
  void what_the_shared_call_did_not_answer_costs_nothing_once_it_is_found() throws Exception {
    learnSize(ANYBODY);
    hub.faults().on(Route.PATHS_INFO).always().status(404);
    for (int i = 0; i < QUESTIONS; i++) {
      List<String> paths = List.of(path(3 * i), path(3 * i + 1), path(3 * i + 2));
      expectRight(paths, askTogether(paths, ANYBODY));
    }
  }

  @Test
  void nobodys_token_is_used_for_another() throws Exception {
    hub.repo("model", "acme/x").visibility(Visibility.PRIVATE).allow("hf_alice", "hf_bob");
    learnSize(ALICE);
    learnSize(BOB);
    int before = hub.log().size();

    askTogether(List.of(path(1), path(2), path(3)), ALICE);
    askTogether(List.of(path(4), path(5), path(6)), BOB);

    assertThat(calls(Route.PATHS_INFO, before))
        .extracting(Recorded::authorization)
        .containsExactly(Optional.of("Bearer hf_alice"), Optional.of("Bearer hf_bob"));
  }
}
