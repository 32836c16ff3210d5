package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.failure;
import static io.intrahub.upstream.UpstreamResults.value;
import static io.intrahub.upstream.hub.UpstreamRig.REPO;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.Revision;
import io.intrahub.hub.json.EntryJson;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The authoritative endpoint is asked about a commit, and answers about another one. */
class CommitMismatchTest {
  private static final String OTHER = "b".repeat(40);
  private static final FilePath A = new FilePath("a.txt");

  private final DevHub hub = DevHub.builder().start();
  private final UpstreamRig rig = UpstreamRig.to(new SettableClock(), hub.uri());
  private String tree;
  private Revision commit;

  @BeforeEach
  void fill() {
    DevRepo repo = hub.repo("model", "acme/x");
    commit = new Revision(repo.commit("first", Map.of("a.txt", DevFile.text("a"))));
    tree = "/api/models/acme/x/tree/" + commit.value();
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
  }

  private static void expectStrange(UpstreamFailure failure) {
    assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.UNEXPECTED_ANSWER);
    assertThat(failure.isTransient()).isFalse();
    assertThat(failure.reason()).contains("another commit");
  }

  @Test
  void a_first_hop_of_another_commit_is_no_answer() {
    assertThat(rig.upstream().learnFile(REPO, commit, A, Caller.ANONYMOUS))
        .isInstanceOf(UpstreamResult.Value.class);
    hub.faults()
        .on(Route.RESOLVE)
        .status(
            200,
            Map.of(
                "X-Repo-Commit", OTHER, "ETag", "\"" + "c".repeat(40) + "\"", "X-Linked-Size", "1"),
            "");
    UpstreamResult<FirstHop> hop = rig.upstream().learnFile(REPO, commit, A, Caller.ANONYMOUS);
    expectStrange(failure(hop));
    // A branch may be any commit.
    assertThat(rig.hop("a.txt")).isInstanceOf(UpstreamResult.Value.class);
  }

  /** A client would remember for ever that the file is not in that other commit. */
  @Test
  void a_file_that_is_missing_in_another_commit_is_not_missing() {
    hub.faults()
        .on(Route.RESOLVE)
        .status(404, Map.of("X-Repo-Commit", OTHER, "X-Error-Code", "EntryNotFound"), "");
    UpstreamResult<FirstHop> hop = rig.upstream().learnFile(REPO, commit, A, Caller.ANONYMOUS);
    expectStrange(failure(hop));
    assertThat(rig.hop("a.txt")).isInstanceOf(UpstreamResult.Refused.class);
  }

  @Test
  void repo_info_of_another_commit_proves_nothing() {
    hub.faults()
        .on(Route.REPO_INFO)
        .status(
            200,
            Map.of("Content-Type", "application/json"),
            "{\"id\":\"acme/x\",\"private\":false,\"gated\":false,\"sha\":\"" + OTHER + "\"}");
    UpstreamResult<RepoInfoAnswer> answer =
        rig.upstream().learnInfo(REPO, Optional.of(commit), "", Caller.ANONYMOUS);
    expectStrange(failure(answer));
    assertThat(rig.upstream().learnInfo(REPO, Optional.empty(), "", Caller.ANONYMOUS))
        .isInstanceOf(UpstreamResult.Value.class);
  }

  @Test
  void a_page_of_another_commit_is_not_taken() {
    List<String> taken = new ArrayList<>();
    assertThat(value(rig.upstream().listing(REPO, tree, Caller.ANONYMOUS, taker(taken))))
        .isInstanceOf(ListingPage.Whole.class);
    assertThat(taken).containsExactly("a.txt");
    hub.faults()
        .on(Route.TREE)
        .status(200, Map.of("Content-Type", "application/json", "X-Repo-Commit", OTHER), ENTRIES);
    UpstreamResult<ListingPage> page =
        rig.upstream().listing(REPO, tree, Caller.ANONYMOUS, taker(taken));
    expectStrange(failure(page));
    assertThat(taken).hasSize(1);
  }

  @Test
  void a_listing_does_not_go_on_with_another_commit() {
    List<String> taken = new ArrayList<>();
    String next = "<" + hub.uri() + "/api/models/acme/x/tree/" + OTHER + "?cursor=1>; rel=\"next\"";
    hub.faults()
        .on(Route.TREE)
        .status(200, Map.of("Content-Type", "application/json", "Link", next), ENTRIES);
    UpstreamResult<ListingPage> page =
        rig.upstream().listing(REPO, tree, Caller.ANONYMOUS, taker(taken));
    expectStrange(failure(page));
    assertThat(taken).isEmpty();
  }

  @Test
  void a_listing_that_is_redirected_to_a_branch_is_not_that_of_the_commit() {
    hub.faults()
        .on(Route.TREE)
        .path(commit.value())
        .status(307, Map.of("Location", "/api/models/acme/x/tree/main"), "");
    UpstreamResult<ListingPage> page =
        rig.upstream().listing(REPO, tree, Caller.ANONYMOUS, taker(new ArrayList<>()));
    expectStrange(failure(page));
  }

  private static final String ENTRIES =
      "[{\"type\":\"file\",\"oid\":\"" + "d".repeat(40) + "\",\"size\":1,\"path\":\"z.txt\"}]";

  private static ListingPage.Receiver taker(List<String> taken) {
    return new ListingPage.Receiver() {
      @Override
      public void begin() {}

      @Override
      public void take(EntryJson.Sent entry) {
        taken.add(entry.entry().path().value());
      }
    };
  }
}
