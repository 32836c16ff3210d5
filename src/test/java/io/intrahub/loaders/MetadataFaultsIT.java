package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.FaultRule;
import io.intrahub.devhub.Route;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/**
 * Upstream fails when it is asked what there is: on resolve, on repo info, on the listing. While it
 * lasts the client says which error it met and why; when it passes, nobody has noticed.
 *
 * <p>Expected are exceptions and texts of huggingface_hub 2.4.0, and of 0.36.2 where they differ.
 */
class MetadataFaultsIT {
  private static final String NEW = "hf-2.4.0";
  private static final String OLD = "hf-0.36.2";

  /** What each version says when it can't find out about a file. */
  private static final String CHECK_CONNECTION =
      "we cannot find the requested files in the local cache. Please check your connection";

  /** The same for the client, and for the mirror too. */
  static final List<UpstreamTrouble> OTHERS =
      List.of(UpstreamTrouble.STATUS_502, UpstreamTrouble.STATUS_503, UpstreamTrouble.RATE_LIMIT);

  static final List<UpstreamTrouble> TROUBLES =
      List.of(
          UpstreamTrouble.RETRY_AFTER,
          UpstreamTrouble.STATUS_500,
          UpstreamTrouble.STATUS_504,
          UpstreamTrouble.DISCONNECT,
          UpstreamTrouble.LOGIN_PAGE);

  /** These have a body to break. */
  static final List<UpstreamTrouble> OF_JSON =
      List.of(
          new UpstreamTrouble("garbage", FaultRule::garbageJson, 503, "not valid JSON"),
          new UpstreamTrouble("a body cut off", r -> r.truncate(30), 504, "the connection broke"),
          new UpstreamTrouble("a body reset", r -> r.resetAfter(30), 504, "the connection broke"),
          new UpstreamTrouble("a body too long", r -> r.extraBytes(20), 503, "not valid JSON"),
          new UpstreamTrouble("a body too short", r -> r.wrongLength(30), 503, "not valid JSON"));

  /** The client asks again for these, at length; so not all of them. */
  static final List<UpstreamTrouble> OF_LISTINGS = List.of(OF_JSON.getFirst(), OF_JSON.get(1));

  @TempDir Path tmp;
  private FaultRig rig;

  @AfterEach
  void stop() {
    if (rig != null) {
      rig.close();
    }
  }

  @ParameterizedTest
  @FieldSource("TROUBLES")
  @Execution(ExecutionMode.CONCURRENT)
  void a_resolve_that_fails_for_good_is_no_absence(UpstreamTrouble upstreamTrouble) {
    rig = new FaultRig(tmp, NEW);
    upstreamTrouble.arm().accept(rig.on(Route.RESOLVE));

    expectNoFile(upstreamTrouble.text());
  }

  /** Asks for a file, expects the error, and then the file. */
  private void expectNoFile(String text) {
    PythonClient.Call call = rig.call();
    JsonNode error = rig.errorOf(rig.download(call, FaultRig.SMALL), call);
    assertThat(error.get("type").asString()).isEqualTo("LocalEntryNotFoundError");
    assertThat(error.get("message").asString()).contains(CHECK_CONNECTION);
    JsonNode cause = error.get("cause");
    assertThat(cause.get("status").asInt()).isIn(503, 504);
    FaultRig.expectAnswer(cause, cause.get("status").asInt(), text);

    rig.recover();
    rig.expectFile(rig.download(rig.call().inHome(call.home()), FaultRig.SMALL), FaultRig.SMALL);
  }

  @ParameterizedTest
  @FieldSource("TROUBLES")
  @Execution(ExecutionMode.CONCURRENT)
  void repo_info_that_fails_for_good_says_why(UpstreamTrouble upstreamTrouble) {
    rig = new FaultRig(tmp, NEW);
    upstreamTrouble.arm().accept(rig.on(Route.REPO_INFO));

    expectNoSnapshot(upstreamTrouble);
  }

  @ParameterizedTest
  @FieldSource("OF_JSON")
  @Execution(ExecutionMode.CONCURRENT)
  void repo_info_that_is_broken_says_why(UpstreamTrouble upstreamTrouble) {
    rig = new FaultRig(tmp, NEW);
    upstreamTrouble.arm().accept(rig.on(Route.REPO_INFO));

    expectNoSnapshot(upstreamTrouble);
  }

  private void expectNoSnapshot(UpstreamTrouble upstreamTrouble) {
    PythonClient.Call call = rig.call();
    JsonNode error = rig.errorOf(rig.snapshot(call), call);
    assertThat(error.get("type").asString()).isEqualTo("LocalEntryNotFoundError");
    assertThat(error.get("message").asString())
        .startsWith("Got: HfHubHTTPError: Server error '" + upstreamTrouble.status())
        .contains(upstreamTrouble.text())
        .contains("Please check your internet connection and try again.");
    FaultRig.expectAnswer(error.get("cause"), upstreamTrouble.status(), upstreamTrouble.text());

    rig.recover();
    rig.expectSnapshot(rig.snapshot(rig.call().inHome(call.home())));
  }

  @ParameterizedTest
  @FieldSource("OF_LISTINGS")
  @Execution(ExecutionMode.CONCURRENT)
  void a_listing_that_is_broken_for_good_says_why(UpstreamTrouble upstreamTrouble) {
    rig = new FaultRig(tmp, NEW);
    upstreamTrouble.arm().accept(rig.on(Route.TREE));

    PythonClient.Call call = rig.call();
    JsonNode error = rig.errorOf(rig.snapshot(call), call);
    assertThat(error.get("type").asString()).isEqualTo("LocalEntryNotFoundError");
    assertThat(error.get("message").asString()).startsWith("Got: HfHubHTTPError: Server error '50");
    JsonNode cause = error.get("cause");
    FaultRig.expectAnswer(cause, cause.get("status").asInt(), upstreamTrouble.text());

    rig.recover();
    rig.expectSnapshot(rig.snapshot(rig.call().inHome(call.home())));
  }

  @ParameterizedTest
  @FieldSource({"TROUBLES", "OTHERS", "OF_JSON"})
  @Execution(ExecutionMode.CONCURRENT)
  void what_fails_twice_and_then_not_is_not_noticed(UpstreamTrouble upstreamTrouble) {
    rig = new FaultRig(tmp, NEW);
    for (Route route : List.of(Route.REPO_INFO, Route.TREE, Route.RESOLVE)) {
      upstreamTrouble.arm().accept(rig.on(route).times(2));
    }

    rig.expectSnapshot(rig.snapshot(rig.call()));
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void an_upstream_that_is_off_is_no_absence() {
    rig = new FaultRig(tmp, NEW);
    rig.mirror.hub().goDark();

    expectNoFile("the connection was refused");
    rig.mirror.hub().goDark();
    rig.expectFile(rig.download(rig.call(), FaultRig.SMALL), FaultRig.SMALL);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_redirect_to_a_login_page_is_not_followed_to_an_absence() throws IOException {
    rig = new FaultRig(tmp, NEW);
    rig.mirror.hub().token("hf_alice", "alice");
    try (Portal portal = new Portal()) {
      UpstreamTrouble.redirect(portal.address()).accept(rig.mirror.hub().faults().everywhere());
      PythonClient.Call call = rig.call().token("hf_alice");
      JsonNode error = rig.errorOf(rig.snapshot(call), call);
      FaultRig.expectAnswer(error.get("cause"), 503, "it answered 302, but not as the Hub does");
      // The redirect names no commit, so repo info is asked for, and meets the portal too.
      expectNoFile("it answered 302, but not as the Hub does");
      assertThat(portal.tokens()).isEmpty();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_resolve_without_an_answer_is_no_absence_and_helps_the_client_that_asks_again() {
    rig = new FaultRig(tmp, NEW);
    var _ = rig.on(Route.RESOLVE).times(1).hold();
    // The first try ends after 8 seconds; by the time of the next ones the Hub is well.
    rig.expectFile(rig.download(rig.call(), FaultRig.SMALL), FaultRig.SMALL);
  }

  /** Each of the client's tries is answered before its own time-out, so that it knows why. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_resolve_without_an_answer_for_good_is_no_absence() {
    rig = new FaultRig(tmp, NEW);
    var _ = rig.on(Route.RESOLVE).hold();

    expectNoFile("it did not answer within 8 s");
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void repo_info_without_an_answer_says_so() {
    rig = new FaultRig(tmp, NEW);
    var _ = rig.on(Route.REPO_INFO).hold();

    expectNoSnapshot(new UpstreamTrouble("no answer", r -> {}, 504, "no answer within 20 s"));
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_older_client_says_the_same() {
    rig = new FaultRig(tmp, OLD);
    UpstreamTrouble.STATUS_503.arm().accept(rig.on(Route.RESOLVE));

    PythonClient.Call call = rig.call();
    JsonNode error = rig.errorOf(rig.download(call, FaultRig.SMALL), call);
    assertThat(error.get("type").asString()).isEqualTo("LocalEntryNotFoundError");
    assertThat(error.get("message").asString()).contains(CHECK_CONNECTION);
    FaultRig.expectAnswerOfOld(error.get("cause"), "it answered 503");

    rig.recover();
    rig.expectFile(rig.download(rig.call().inHome(call.home()), FaultRig.SMALL), FaultRig.SMALL);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_older_client_has_what_failed_twice() {
    rig = new FaultRig(tmp, OLD);
    for (Route route : List.of(Route.REPO_INFO, Route.TREE, Route.RESOLVE)) {
      UpstreamTrouble.RETRY_AFTER.arm().accept(rig.on(route).times(2));
    }
    ClientResult result = rig.snapshot(rig.call());

    rig.expectSnapshot(result);
  }
}
