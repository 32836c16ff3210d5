package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.Route;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Upstream answers what there is, and fails when it has to send it. No wrong byte becomes a file.
 *
 * <p>Expected are exceptions and texts of huggingface_hub 2.4.0, and of 0.36.2 and 0.23.5 where
 * they differ.
 */
class ContentFaultsIT {
  private static final String NEW = "hf-2.4.0";
  private static final String OLD = "hf-0.36.2";
  private static final String OLDEST = "hf-0.23.5";
  private static final String WRONG = "its content does not have the announced digest";

  static final List<UpstreamTrouble> TROUBLES =
      List.of(
          UpstreamTrouble.RETRY_AFTER.with(429),
          UpstreamTrouble.STATUS_500,
          UpstreamTrouble.STATUS_503,
          UpstreamTrouble.DISCONNECT,
          UpstreamTrouble.LOGIN_PAGE,
          new UpstreamTrouble(
              "nothing of the body, reset", r -> r.resetAfter(0), 504, "broke in the middle"),
          new UpstreamTrouble(
              "nothing of the body", r -> r.truncate(0), 504, "broke in the middle"),
          new UpstreamTrouble("a wrong byte", r -> r.wrongByteAt(3), 503, WRONG),
          new UpstreamTrouble("another length", r -> r.wrongLength(20), 503, "it sends 20 bytes"),
          new UpstreamTrouble("too many bytes", r -> r.extraBytes(5), 503, "were announced"));

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
  void a_small_file_that_can_not_be_had_says_why(UpstreamTrouble upstreamTrouble) {
    rig = new FaultRig(tmp, NEW);
    upstreamTrouble.arm().accept(rig.on(Route.CDN, Route.RESOLVE_CACHE));

    expectNoFile(upstreamTrouble, FaultRig.SMALL);
  }

  @ParameterizedTest
  @FieldSource("TROUBLES")
  @Execution(ExecutionMode.CONCURRENT)
  void a_large_file_that_can_not_be_had_says_why(UpstreamTrouble upstreamTrouble) {
    rig = new FaultRig(tmp, NEW);
    upstreamTrouble.arm().accept(rig.on(Route.CDN, Route.RESOLVE_CACHE));

    // Its client is broken off the first time, and hears of it when it comes back.
    boolean again = upstreamTrouble.text().equals(WRONG);
    expectNoFile(again ? upstreamTrouble.with(502) : upstreamTrouble, FaultRig.LARGE);
  }

  /** Asks for a file, expects the error, and then the file. */
  private void expectNoFile(UpstreamTrouble upstreamTrouble, String path) {
    PythonClient.Call call = rig.call();
    JsonNode error = rig.errorOf(rig.download(call, path), call);
    FaultRig.expectAnswer(error, upstreamTrouble.status(), upstreamTrouble.text());
    assertThat(error.get("message").asString()).contains(path + " of model " + FaultRig.ID);

    rig.recover();
    rig.expectFile(rig.download(rig.call().inHome(call.home()), path), path);
    rig.expectNothingWrongKept(call);
  }

  @ParameterizedTest
  @FieldSource("TROUBLES")
  @Execution(ExecutionMode.CONCURRENT)
  void what_fails_once_and_then_not_is_not_noticed(UpstreamTrouble upstreamTrouble) {
    rig = new FaultRig(tmp, NEW);
    for (Route route : List.of(Route.CDN, Route.RESOLVE_CACHE)) {
      upstreamTrouble.arm().accept(rig.on(route).times(1));
    }

    rig.expectSnapshot(rig.snapshot(rig.call()));
  }

  /** Time passes for the mirror as for the client. */
  @ParameterizedTest
  @ValueSource(strings = {"hf-1.33.0", NEW})
  @Execution(ExecutionMode.CONCURRENT)
  void a_limit_that_keeps_bytes_back_is_waited_for_by_the_client(String version) {
    rig = new FaultRig(tmp, version);
    rig.on(Route.RESOLVE_CACHE).times(1).status(429, Map.of("Retry-After", "9"), "{}");
    try (ScheduledExecutorService time = Executors.newSingleThreadScheduledExecutor()) {
      var _ =
          time.scheduleAtFixedRate(
              () -> rig.mirror.pass(Duration.ofSeconds(1)), 1, 1, TimeUnit.SECONDS);
      rig.expectFile(rig.download(rig.call(), FaultRig.SMALL), FaultRig.SMALL);
      time.shutdownNow();
    }
    assertThat(rig.mirror.hub().counters().requests(Route.RESOLVE_CACHE)).isEqualTo(2);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void bodies_that_break_again_and_again_are_put_together() {
    rig = new FaultRig(tmp, NEW);
    rig.on(Route.RESOLVE_CACHE).resetAfter(10);
    rig.on(Route.CDN).truncate(700_000);

    rig.expectSnapshot(rig.snapshot(rig.call()));
  }

  /** Nothing of it comes for so long that the client's own time-out and retries carry it over. */
  @ParameterizedTest
  @ValueSource(strings = {NEW, OLD})
  @Execution(ExecutionMode.CONCURRENT)
  void content_without_an_answer_is_waited_for(String version) {
    rig = new FaultRig(tmp, version);
    var _ = rig.on(Route.CDN, Route.RESOLVE_CACHE).times(1).hold();

    rig.expectFile(rig.download(rig.call(), FaultRig.SMALL), FaultRig.SMALL);
    var _ = rig.on(Route.CDN).times(1).hold();
    rig.expectFile(rig.download(rig.call(), FaultRig.LARGE), FaultRig.LARGE);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void content_without_an_answer_for_good_is_the_clients_own_time_out() {
    rig = new FaultRig(tmp, NEW);
    var _ = rig.on(Route.RESOLVE_CACHE).hold();

    PythonClient.Call call = rig.call().env("HF_HUB_DOWNLOAD_TIMEOUT", "2");
    JsonNode error = rig.errorOf(rig.download(call, FaultRig.SMALL), call);
    assertThat(error.get("type").asString()).isEqualTo("ReadTimeout");

    rig.recover();
    rig.expectFile(rig.download(rig.call().inHome(call.home()), FaultRig.SMALL), FaultRig.SMALL);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_body_that_stops_is_asked_for_again_before_the_client_gives_up() {
    rig = new FaultRig(tmp, NEW);
    var _ = rig.on(Route.CDN).times(1).stallAfter(1_500_000);

    rig.expectFile(rig.download(rig.call(), FaultRig.LARGE), FaultRig.LARGE);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_body_that_stops_for_good_is_the_clients_own_time_out() {
    rig = new FaultRig(tmp, NEW);
    var _ = rig.on(Route.CDN).stallAfter(1_500_000);

    PythonClient.Call call = rig.call().env("HF_HUB_DOWNLOAD_TIMEOUT", "2");
    JsonNode error = rig.errorOf(rig.download(call, FaultRig.LARGE), call);
    assertThat(error.get("type").asString()).isEqualTo("ReadTimeout");

    rig.recover();
    rig.expectFile(rig.download(rig.call().inHome(call.home()), FaultRig.LARGE), FaultRig.LARGE);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_redirect_to_a_login_page_is_no_content() throws IOException {
    rig = new FaultRig(tmp, NEW);
    try (Portal portal = new Portal()) {
      UpstreamTrouble portals =
          new UpstreamTrouble(
              "a redirect to a login page",
              UpstreamTrouble.redirect(portal.address()),
              UpstreamTrouble.LOGIN_PAGE.status(),
              UpstreamTrouble.LOGIN_PAGE.text());
      portals.arm().accept(rig.on(Route.CDN, Route.RESOLVE_CACHE));
      expectNoFile(portals, FaultRig.LARGE);
    }
  }

  /** The client has written a part of it when it turns out to be wrong, and goes on by itself. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_client_that_has_wrong_bytes_already_does_not_keep_them() {
    rig = new FaultRig(tmp, NEW);
    rig.addVeryLarge();
    rig.on(Route.CDN).spanning(1_000_000).times(1).wrongByteAt(1_000_000);

    rig.expectFile(rig.download(rig.call(), FaultRig.VERY_LARGE), FaultRig.VERY_LARGE);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void wrong_bytes_that_keep_coming_end_in_an_error_and_leave_nothing() {
    rig = new FaultRig(tmp, NEW);
    rig.addVeryLarge();
    rig.on(Route.CDN).wrongByteAt(1_000_000);

    expectNoFile(new UpstreamTrouble("", r -> {}, 502, WRONG), FaultRig.VERY_LARGE);
  }

  /** It gives up when the body breaks off. Its next call resumes, and begins the file anew. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_older_client_does_not_keep_wrong_bytes_either() {
    PythonClient.Call call = breakWithWrongBytes(OLD);

    rig.expectFile(
        rig.download(rig.call().inHome(call.home()), FaultRig.VERY_LARGE), FaultRig.VERY_LARGE);
  }

  /** It can't throw its bytes away, but it sees that they are too many, and says what to do. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_oldest_client_does_not_take_wrong_bytes_for_the_file() {
    PythonClient.Call call = breakWithWrongBytes(OLDEST);

    PythonClient.Call again = rig.call().inHome(call.home());
    JsonNode error = rig.errorOf(rig.download(again, FaultRig.VERY_LARGE), again);
    assertThat(error.get("type").asString()).isEqualTo("OSError");
    assertThat(error.get("message").asString()).contains("force_download=True");

    rig.expectFile(
        rig.call()
            .inHome(call.home())
            .script("download.py", FaultRig.ID, FaultRig.VERY_LARGE, "{\"force_download\": true}"),
        FaultRig.VERY_LARGE);
  }

  /** Has the client write a part of the file, in which a byte is wrong, and give up. */
  private PythonClient.Call breakWithWrongBytes(String version) {
    rig = new FaultRig(tmp, version);
    rig.addVeryLarge();
    rig.on(Route.CDN).spanning(1_000_000).times(1).wrongByteAt(1_000_000);
    PythonClient.Call call = rig.call();
    JsonNode error = rig.errorOf(rig.download(call, FaultRig.VERY_LARGE), call);
    assertThat(error.get("type").asString()).isEqualTo("ChunkedEncodingError");
    return call;
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_older_client_is_told_why_and_has_the_file_afterwards() {
    rig = new FaultRig(tmp, OLD);
    UpstreamTrouble.STATUS_503.arm().accept(rig.on(Route.CDN));

    PythonClient.Call call = rig.call();
    JsonNode error = rig.errorOf(rig.download(call, FaultRig.LARGE), call);
    FaultRig.expectAnswerOfOld(error, "it answered 503");

    rig.recover();
    rig.expectFile(rig.download(rig.call().inHome(call.home()), FaultRig.LARGE), FaultRig.LARGE);
  }
}
