package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.failure;
import static io.intrahub.upstream.UpstreamResults.refusal;
import static io.intrahub.upstream.hub.UpstreamRig.readAll;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an endpoint did with one small file counts for those of other commits and repos. */
class SmallFileAddressesTest {
  private static final String A = "a.txt";
  private static final String B = "b.txt";
  private static final Duration PAUSE = Duration.ofMinutes(11);

  private final DevHub hub = DevHub.builder().start();
  private final SettableClock clock = new SettableClock();
  private final Set<DevRepo> datasets = new HashSet<>();
  private UpstreamRig rig;

  @BeforeEach
  void start() {
    hub.token(UpstreamRig.TOKEN, "alice");
    rig = UpstreamRig.to(clock, hub.uri());
  }

  /** Has the Hub asked as one that receives no tokens, so that no address is tried. */
  private void asPublicMirror() {
    rig.close();
    rig = UpstreamRig.to(clock, EndpointSettings.publicMirror(hub.uri()));
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
  }

  /** Makes a repo of two small files that no other repo has. */
  private DevRepo repo(String id) {
    return fill(hub.repo("model", id));
  }

  private DevRepo dataset(String id) {
    DevRepo dataset = fill(hub.repo("dataset", id));
    datasets.add(dataset);
    return dataset;
  }

  private static DevRepo fill(DevRepo repo) {
    repo.allow(UpstreamRig.TOKEN)
        .commit("Add it", Map.of(A, text(repo.id(), A), B, text(repo.id(), B)));
    return repo;
  }

  private static DevFile text(String id, String path) {
    return DevFile.text(path + " of " + id);
  }

  private BlobSource source(DevRepo repo, String path, Caller caller) {
    DevFile file = repo.files("main").get(path);
    return rig.upstream()
        .source(
            new RepoId(datasets.contains(repo) ? RepoType.DATASET : RepoType.MODEL, repo.id()),
            new CommitHash(repo.commitOf("main").orElseThrow()),
            new FilePath(path),
            new BlobId(new Digest.GitSha1(file.gitOid()), file.size()),
            caller,
            CommitFiles.NONE);
  }

  private static Span whole(DevRepo repo, String path) {
    return Span.all(repo.files("main").get(path).size());
  }

  private void assertReads(DevRepo repo, String path, Caller caller) throws IOException {
    assertThat(readAll(source(repo, path, caller).open(whole(repo, path))))
        .as("%s of %s", path, repo.id())
        .isEqualTo(repo.files("main").get(path).allBytes());
  }

  private void assertReads(DevRepo repo, String path) throws IOException {
    assertReads(repo, path, Caller.ANONYMOUS);
  }

  /** Since the last call of this method. */
  private void assertCalls(long hops, long cacheReads) {
    assertThat(hub.counters().requests(Route.RESOLVE)).as("first hops").isEqualTo(hops);
    assertThat(hub.counters().requests(Route.RESOLVE_CACHE))
        .as("reads from resolve-cache")
        .isEqualTo(cacheReads);
    hub.counters().reset();
  }

  private interface Read {
    void make(int number) throws IOException;
  }

  private static void atOnce(int times, Read read) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < times; i++) {
        int number = i;
        running.add(
            threads.submit(() -> {
              read.make(number);
              return true;
            }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
  }

  private List<DevRepo> repos(int number) {
    List<DevRepo> repos = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      repos.add(repo("acme/m" + i));
    }
    return repos;
  }

  /** The Hub no longer has the route, and sends small files itself. */
  private void forgetCache() {
    hub.directSmallFiles(true);
    hub.faults().on(Route.RESOLVE_CACHE).status(404);
  }

  @Test
  void the_first_files_of_many_repos_at_the_same_time_need_no_first_hop() throws Exception {
    List<DevRepo> repos = repos(20);
    atOnce(20, i -> assertReads(repos.get(i), A));
    assertCalls(0, 20);
  }

  @Test
  void a_public_mirror_shows_with_one_first_hop_where_the_small_files_of_all_repos_are()
      throws Exception {
    asPublicMirror();
    List<DevRepo> repos = repos(20);
    atOnce(20, i -> assertReads(repos.get(i), A));
    assertCalls(1, 20);
    for (DevRepo repo : repos) {
      assertReads(repo, B);
    }
    assertCalls(0, 20);
  }

  @Test
  void what_models_show_does_not_count_for_datasets() throws IOException {
    asPublicMirror();
    assertReads(repo("acme/m"), A);
    assertReads(dataset("acme/d"), A);
    assertReads(dataset("acme/e"), A);
    assertCalls(2, 3);
  }

  @Test
  void a_habit_in_use_is_not_asked_about_again() throws IOException {
    asPublicMirror();
    List<DevRepo> repos = repos(5);
    for (DevRepo repo : repos) {
      assertReads(repo, A);
      clock.pass(Duration.ofMinutes(4));
    }
    assertReads(repos.getFirst(), B);
    assertCalls(1, 6);
    clock.pass(Duration.ofMinutes(6));
    assertReads(repos.getLast(), B);
    assertCalls(1, 1);
  }

  @Test
  void an_endpoint_that_does_not_know_such_addresses_is_tried_once_in_ten_minutes()
      throws Exception {
    forgetCache();
    List<DevRepo> repos = repos(10);
    atOnce(10, i -> assertReads(repos.get(i), A));
    // The content comes from there too.
    assertCalls(20, 1);
    clock.pass(Duration.ofMinutes(9));
    assertReads(repo("acme/n"), A);
    assertReads(dataset("acme/d"), A);
    assertCalls(4, 0);
    clock.pass(PAUSE);
    assertReads(repo("acme/o"), A);
    assertCalls(2, 1);
  }

  @Test
  void a_try_that_tells_nothing_is_not_repeated_for_ten_minutes() throws IOException {
    DevRepo closed = repo("acme/closed").visibility(Visibility.PRIVATE);
    for (String path : List.of(A, B)) {
      var refused = source(closed, path, Caller.ANONYMOUS).open(whole(closed, path));
      assertThat(refusal(refused).isOfRepo()).isTrue();
    }
    assertCalls(2, 1);
    // A first hop teaches it all the same.
    assertReads(closed, A, UpstreamRig.HOLDER);
    assertReads(repo("acme/open"), A);
    assertCalls(1, 2);
  }

  @Test
  void an_endpoint_that_changes_its_ways_is_asked_for_first_hops_again() throws IOException {
    List<DevRepo> repos = repos(3);
    assertReads(repos.getFirst(), A);
    assertCalls(0, 1);
    forgetCache();
    for (DevRepo repo : repos) {
      assertReads(repo, B);
    }
    // One address failed; what is not redirected takes two calls.
    assertCalls(6, 1);
  }

  @Test
  void a_repo_type_whose_addresses_fail_does_not_end_those_of_another() throws IOException {
    assertReads(repo("acme/m"), A);
    hub.faults().on(Route.RESOLVE_CACHE).when(r -> r.path().contains("/datasets/")).status(404);
    hub.directSmallFiles(true);
    assertReads(dataset("acme/d"), A);
    assertReads(repo("acme/n"), A);
    assertCalls(2, 3);
  }

  /** What a server says of {@link #A} that sends it itself. */
  private static Map<String, String> facts(String id, DevRepo repo) {
    DevFile file = text(id, A);
    return Map.of(
        "X-Repo-Commit",
        repo.commitOf("main").orElseThrow(),
        "ETag",
        '"' + file.gitOid() + '"',
        "X-Linked-Size",
        Long.toString(file.size()));
  }

  @Test
  void a_commit_whose_first_hop_led_elsewhere_keeps_its_own_first_hops() throws IOException {
    DevRepo odd = repo("acme/odd");
    hub.faults()
        .on(Route.RESOLVE)
        .when(r -> r.path().startsWith("/acme/odd/") && r.method().equals("HEAD"))
        .status(200, facts("acme/odd", odd), "");
    var _ =
        rig.upstream()
            .learnFile(
                new RepoId(RepoType.MODEL, "acme/odd"),
                UpstreamRig.MAIN,
                new FilePath(A),
                Caller.ANONYMOUS);
    assertCalls(1, 0);
    hub.faults().clear();
    assertReads(repo("acme/m"), A);
    assertReads(repo("acme/n"), A);
    assertCalls(1, 2);
    assertReads(odd, B);
    assertCalls(1, 1);
  }

  @Test
  void an_address_that_fails_in_one_commit_does_not_end_those_of_others() throws IOException {
    List<DevRepo> repos = repos(3);
    assertReads(repos.get(0), A);
    assertCalls(0, 1);
    hub.faults().on(Route.RESOLVE_CACHE).when(r -> r.path().contains("/m1/")).status(404);
    assertThat(failure(source(repos.get(1), A, Caller.ANONYMOUS).open(whole(repos.get(1), A))))
        .isNotNull();
    assertThat(hub.counters().requests(Route.RESOLVE)).isEqualTo(1);
    hub.counters().reset();
    assertReads(repos.get(2), A);
    assertCalls(0, 1);
  }

  @Test
  void after_wrong_bytes_first_hops_tell_where_files_are() throws IOException {
    List<DevRepo> repos = repos(4);
    assertReads(repos.get(0), A);
    assertCalls(0, 1);
    hub.faults().on(Route.RESOLVE_CACHE).times(1).otherBytes();
    BlobSource source = source(repos.get(1), A, Caller.ANONYMOUS);
    byte[] right = text("acme/m1", A).allBytes();
    assertThat(readAll(source.open(whole(repos.get(1), A)))).isNotEqualTo(right);
    source.reportWrongContent();
    assertCalls(0, 1);

    assertReads(repos.get(2), A);
    assertCalls(1, 1);
    assertThat(readAll(source.open(whole(repos.get(1), A)))).isEqualTo(right);
    assertCalls(1, 1);
    // The endpoint is as good as before.
    assertReads(repos.get(3), A);
    assertReads(repos.get(1), B);
    assertCalls(0, 2);
  }

  @Test
  void a_limit_of_the_rate_does_not_cost_a_first_hop_when_it_is_over() throws IOException {
    DevRepo repo = repo("acme/m");
    assertReads(repo, A);
    hub.faults().on(Route.RESOLVE_CACHE).times(1).status(429, Map.of("Retry-After", "100"), "");
    assertThat(failure(source(repo, B, Caller.ANONYMOUS).open(whole(repo, B))).kind())
        .isEqualTo(UpstreamFailure.Kind.RATE_LIMITED);
    clock.pass(Duration.ofSeconds(101));
    assertReads(repo, B);
    assertCalls(0, 3);
  }

  @Test
  void a_derived_address_is_called_with_the_readers_own_token() throws IOException {
    DevRepo closed = repo("acme/closed").visibility(Visibility.PRIVATE);
    assertReads(repo("acme/open"), A);
    assertReads(closed, A, UpstreamRig.HOLDER);
    assertCalls(0, 2);
    var refused = source(closed, A, Caller.ANONYMOUS).open(whole(closed, A));
    assertThat(refusal(refused).isOfRepo()).isTrue();
  }
}
