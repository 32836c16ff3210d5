package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.FaultRule;
import io.intrahub.devhub.Stall;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.ViaHeader;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A client claims that its request came through the mirror that is upstream, which therefore
 * answers 508, while others ask the same.
 */
class JoinedQuestionsTest {
  private static final String UPSTREAM = ViaHeader.name("a".repeat(16));
  private static final Caller FORGER = Caller.anonymous("10.0.0.1").withVia(List.of(UPSTREAM));
  private static final Caller OTHER = Caller.anonymous("10.0.0.2");

  private final DevHub hub = DevHub.builder().start();
  private final MirrorRig rig = new MirrorRig(hub);

  @BeforeEach
  void fill() {
    hub.repo("model", "acme/x").commit("Add it", Map.of("config.json", DevFile.text("{}")));
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
  }

  @Test
  void who_joins_a_question_about_a_file_gets_an_answer() throws Exception {
    Asked<FileAnswer> asked =
        askBoth(as ->
            rig.mirror
                .files()
                .resolve(
                    new RevisionRequest(
                        MirrorRig.REPO, MirrorRig.MAIN, ClientRequest.of(as, List.of())),
                    new FilePath("config.json")));
    assertThat(asked.forger()).isInstanceOf(ErrorReply.class);
    assertThat(asked.other()).isInstanceOf(FileAnswer.Found.class);
  }

  @Test
  void who_joins_a_question_for_repo_info_gets_an_answer() throws Exception {
    Asked<ApiReply> asked =
        askBoth(as ->
            rig.mirror
                .infos()
                .info(
                    MirrorRig.REPO,
                    Optional.of(MirrorRig.MAIN),
                    "",
                    ClientRequest.of(as, List.of()),
                    ""));
    assertThat(asked.forger()).isInstanceOf(ErrorReply.class);
    assertThat(asked.other()).isInstanceOf(ApiReply.Ok.class);
  }

  @Test
  void who_joins_a_question_for_a_listing_gets_an_answer() throws Exception {
    rig.info();
    rig.settle();
    Asked<ApiReply> asked =
        askBoth(as ->
            rig.mirror
                .trees()
                .list(
                    new RevisionRequest(
                        MirrorRig.REPO, MirrorRig.MAIN, ClientRequest.of(as, List.of())),
                    Optional.empty(),
                    MirrorRig.everything(),
                    MirrorRig.SELF));
    // The forger may still find in the store what the other one's question has brought.
    assertThat(asked.other()).isInstanceOf(ApiReply.Ok.class);
  }

  @Test
  void who_joins_a_question_about_a_resource_gets_an_answer() throws Exception {
    Asked<ApiReply> asked =
        askBoth(as ->
            rig.mirror
                .resources()
                .getOpenly(
                    new RevisionRequest(
                        MirrorRig.REPO, MirrorRig.MAIN, ClientRequest.of(as, List.of())),
                    "/api/models/acme/x/treesize/main",
                    MirrorRig.SELF));
    assertThat(asked.forger()).isInstanceOf(ErrorReply.class);
    assertThat(asked.other()).isInstanceOf(ApiReply.Ok.class);
  }

  private record Asked<T>(T forger, T other) {}

  /** The forger asks first, and is answered when the other client waits for the same. */
  private <T> Asked<T> askBoth(Function<Caller, T> question) throws Exception {
    int before = hub.log().size();
    Stall stall = forged().hold();
    forged().status(508);
    FutureTask<T> first = new FutureTask<>(() -> question.apply(FORGER));
    FutureTask<T> second = new FutureTask<>(() -> question.apply(OTHER));
    Thread.ofVirtual().start(first);
    await().until(() -> hub.log().size() > before);
    Thread joiner = Thread.ofVirtual().start(second);
    await().until(() -> isWaiting(joiner));
    stall.release();
    return new Asked<>(first.get(), second.get());
  }

  private FaultRule forged() {
    return hub.faults()
        .everywhere()
        .when(call -> call.header("Via").filter(via -> via.contains(UPSTREAM)).isPresent());
  }

  private static boolean isWaiting(Thread thread) {
    return thread.getState() == Thread.State.WAITING
        || thread.getState() == Thread.State.TIMED_WAITING
        || thread.getState() == Thread.State.TERMINATED;
  }
}
