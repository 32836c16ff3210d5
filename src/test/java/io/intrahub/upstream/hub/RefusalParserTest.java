package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.failure;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.net.URI;
import java.util.Optional;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.junit5.StartStop;
import okhttp3.Headers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Only the Hub's own "no" is a no; what stands between says nothing of a repo. */
class RefusalParserTest {
  private static final String SHA = "aaaaaaaa0123456789abcdef0123456789abcdef";

  @StartStop private final MockWebServer server = new MockWebServer();

  private volatile MockResponse answer = new MockResponse.Builder().build();
  private UpstreamRig rig;

  @BeforeEach
  void start() {
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return answer;
          }
        });
    rig = UpstreamRig.to(new SettableClock(), URI.create(server.url("/").toString()));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private void answers(int status, String headers, String body) {
    Headers.Builder all = new Headers.Builder();
    for (String header : headers.split("\\|", -1)) {
      if (!header.isBlank()) {
        all.add(header.strip());
      }
    }
    answer = new MockResponse(status, all.build(), body);
  }

  private Optional<HubRefusal> refusalOfCall() {
    return rig.upstream().call(ApiRequest.get("/api/x"), Caller.ANONYMOUS)
            instanceof UpstreamResult.Refused(var refusal)
        ? Optional.of(refusal)
        : Optional.empty();
  }

  private Optional<HubRefusal> refusalOfHop() {
    return rig.hop("f") instanceof UpstreamResult.Refused(var refusal)
        ? Optional.of(refusal)
        : Optional.empty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "404;X-Error-Code: RepoNotFound|X-Error-Message: Repository not found;RepoNotFound;true",
        "404;X-Error-Code: RevisionNotFound|X-Error-Message: Invalid rev id;RevisionNotFound;false",
        "404;X-Error-Code: EntryNotFound|X-Error-Message: Entry not found;EntryNotFound;false",
        "404;X-Error-Code: EntryNotFound;EntryNotFound;false",
        "401;X-Error-Code: GatedRepo|X-Error-Message: restricted;GatedRepo;true",
        "403;X-Error-Code: GatedRepo|X-Error-Message: not in the list;GatedRepo;true",
        "401;X-Error-Message: Invalid username or password.;RepoNotFound;true",
        "401;'';RepoNotFound;true",
        "403;X-Error-Message: Access to this resource is disabled.;'';true",
        "401;X-Error-Message: Invalid credentials in Authorization header;'';true",
      })
  void the_hubs_no_is_told_by_its_headers(int status, String headers, String code, boolean ofRepo) {
    answers(status, headers, "");
    HubRefusal refusal = refusalOfHop().orElseThrow();
    assertThat(refusal.error().status()).isEqualTo(status);
    assertThat(refusal.error().code().orElse("")).isEqualTo(code);
    assertThat(refusal.isOfRepo()).isEqualTo(ofRepo);
    assertThat(refusal.isGate()).isEqualTo(code.equals("GatedRepo"));
    assertThat(refusal.isOfRevision()).isEqualTo(code.equals("RevisionNotFound"));
  }

  @Test
  void a_bare_401_with_the_hubs_json_hides_a_repo() {
    answers(401, "Content-Type: application/json", "{\"error\":\"Invalid username or password.\"}");
    HubRefusal refusal = refusalOfCall().orElseThrow();
    assertThat(refusal.error().code()).contains("RepoNotFound");
    assertThat(refusal.error().message()).isEqualTo("Invalid username or password.");
  }

  @Test
  void a_bad_token_is_not_a_missing_repo() {
    answers(401, "", "{\"error\":\"Invalid credentials in Authorization header\"}");
    HubRefusal refusal = refusalOfCall().orElseThrow();
    assertThat(refusal.error().code()).isEmpty();
    assertThat(refusal.error().message()).isEqualTo("Invalid credentials in Authorization header");
  }

  @Test
  void the_commit_that_lacks_the_entry_is_kept() {
    answers(404, "X-Error-Code: EntryNotFound|X-Repo-Commit: " + SHA, "");
    assertThat(refusalOfHop().orElseThrow().commit().orElseThrow().hex()).isEqualTo(SHA);
    assertThat(refusalOfHop().orElseThrow().error().message()).isEqualTo("Entry not found");
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "401;Content-Type: text/html;<html>Sign in</html>",
        "403;Content-Type: text/html;<html>Blocked by policy</html>",
        "404;Content-Type: text/html;<html>Not Found</html>",
        "403;Content-Type: application/json;{\"error\":\"proxy\"}",
        "404;Content-Type: application/json;{\"error\":\"Not Found\"}",
        "403;Content-Type: application/xml;<Error><Code>AccessDenied</Code></Error>",
        "404;Content-Type: text/plain;Entry not found",
        "407;'';''",
        "451;'';''",
        "429;X-Error-Message: Too many requests;{\"error\":\"slow down\"}",
        "408;X-Error-Message: x;''",
        "500;X-Error-Code: RepoNotFound;''",
        "502;Content-Type: text/html;<html>Bad gateway</html>",
        "503;X-Error-Message: maintenance;''",
        "200;Content-Type: text/html;<html>Sign in</html>",
      })
  void what_stands_between_is_a_failure_and_no_refusal(int status, String headers, String body) {
    answers(status, headers, body);
    assertThat(rig.upstream().call(ApiRequest.get("/api/x"), Caller.ANONYMOUS))
        .isInstanceOf(UpstreamResult.Failed.class);
    answers(status, headers, "");
    if (status != 401) {
      assertThat(rig.hop("f")).isInstanceOf(UpstreamResult.Failed.class);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "429, RATE_LIMITED",
    "500, SERVER_ERROR",
    "503, SERVER_ERROR",
    "408, SERVER_ERROR",
    "403, UNEXPECTED_ANSWER",
    "404, UNEXPECTED_ANSWER",
    "418, UNEXPECTED_ANSWER"
  })
  void a_failure_says_of_what_sort_it_is(int status, UpstreamFailure.Kind kind) {
    answers(status, "", "");
    assertThat(failure(rig.hop("f")).kind()).isEqualTo(kind);
  }

  @Test
  void a_message_cannot_break_out_of_its_header() {
    answers(401, "", "{\"error\":\"a\\r\\nX-Evil: 1\"}");
    assertThat(refusalOfCall().orElseThrow().error().message()).isEqualTo("a??X-Evil: 1");
  }
}
