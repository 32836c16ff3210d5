package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.failure;
import static io.intrahub.upstream.UpstreamResults.refusal;
import static io.intrahub.upstream.hub.UpstreamRig.readAll;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.policy.UpstreamState;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.FirstHop;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses that need no first hop, and what happens when they are of no use. */
class SharedAddressesTest {
  private static final int SIZE = 20_000;
  private static final List<String> LARGE =
      IntStream.range(0, 5).mapToObj("m %d.bin"::formatted).toList();
  private static final List<String> SMALL = List.of("a/b c.json", "config.json", "d.txt");

  private final DevHub hub = DevHub.builder().start();
  private final SettableClock clock = new SettableClock();
  private final UpstreamRig rig = UpstreamRig.to(clock, hub.uri());
  private final Map<String, DevFile> files = new HashMap<>();
  private DevRepo repo;
  private CommitHash commit;

  @BeforeEach
  void fill() {
    hub.token(UpstreamRig.TOKEN, "alice");
    repo = hub.repo("model", "acme/x").allow(UpstreamRig.TOKEN);
    LARGE.forEach(path -> files.put(path, DevFile.lfsGenerated(path.hashCode(), SIZE)));
    SMALL.forEach(path -> files.put(path, DevFile.text("text of " + path)));
    commit = new CommitHash(repo.commit("first", files));
  }

  @AfterEach
  void stop() {
    rig.close();
    hub.close();
  }

  private BlobId blob(String path) {
    DevFile file = files.get(path);
    Digest digest =
        file.isLfs() ? new Digest.Sha256(file.sha256()) : new Digest.GitSha1(file.gitOid());
    return new BlobId(digest, file.size());
  }

  /** A source as the mirror makes it that has the listing. */
  private BlobSource source(String path, Caller caller) {
    CommitFiles others =
        limit ->
            LARGE.stream()
                .filter(other -> !other.equals(path))
                .map(other -> new CommitFiles.Named(new FilePath(other), blob(other)))
                .limit(limit)
                .toList();
    FirstHop listed = new FirstHop(UpstreamRig.REPO, commit, blob(path), Optional.empty());
    return rig.source(listed, path, caller, others);
  }

  private void assertReads(Caller caller, List<String> paths) throws IOException {
    for (String path : paths) {
      DevFile file = files.get(path);
      assertThat(readAll(source(path, caller).open(Span.all(file.size()))))
          .as(path)
          .isEqualTo(file.allBytes());
    }
  }

  private void assertCalls(long batches, long hops) {
    assertThat(hub.counters().requests(Route.LFS_BATCH)).as("batch calls").isEqualTo(batches);
    assertThat(hub.counters().requests(Route.RESOLVE)).as("first hops").isEqualTo(hops);
  }

  @Test
  void the_addresses_of_lfs_files_are_asked_for_with_one_call() throws IOException {
    assertReads(Caller.ANONYMOUS, LARGE);
    assertCalls(1, 0);
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(LARGE.size());
    // They expire, and are asked for together again.
    clock.pass(Duration.ofDays(1));
    hub.expireSignatures();
    assertReads(Caller.ANONYMOUS, LARGE.subList(1, 3));
    assertCalls(2, 0);
  }

  @Test
  void addresses_that_are_about_to_expire_are_not_asked_for_again_and_again() throws IOException {
    String objects =
        LARGE.stream()
            .map(path ->
                "{\"oid\":\"%s\",\"size\":%d,\"actions\":{\"download\":{\"href\":\"%s\",\"expires_in\":1}}}"
                    .formatted(files.get(path).sha256(), SIZE, hub.uri().resolve("/x")))
            .collect(Collectors.joining(",", "{\"objects\":[", "]}"));
    hub.faults()
        .on(Route.LFS_BATCH)
        .status(200, Map.of("Content-Type", "application/vnd.git-lfs+json"), objects);
    assertReads(Caller.ANONYMOUS, LARGE);
    assertCalls(1, LARGE.size());
  }

  @Test
  void a_few_lfs_files_are_not_worth_a_batch_call() throws IOException {
    CommitFiles two =
        limit ->
            LARGE.subList(0, 2).stream()
                .map(p -> new CommitFiles.Named(new FilePath(p), blob(p)))
                .toList();
    FirstHop listed = new FirstHop(UpstreamRig.REPO, commit, blob("m 4.bin"), Optional.empty());
    var _ = readAll(rig.source(listed, "m 4.bin", Caller.ANONYMOUS, two).open(Span.all(SIZE)));
    assertCalls(0, 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_commit_with_a_few_lfs_files_is_looked_at_once(boolean isExhaustive) throws IOException {
    AtomicInteger looks = new AtomicInteger();
    CommitFiles one =
        new CommitFiles() {
          @Override
          public List<Named> wanted(int limit) {
            looks.incrementAndGet();
            return List.of(new Named(new FilePath("m 0.bin"), blob("m 0.bin")));
          }

          @Override
          public boolean isExhaustive() {
            return isExhaustive;
          }
        };
    for (String path : LARGE.subList(1, 4)) {
      var _ = readAll(rig.source(listed(path), path, Caller.ANONYMOUS, one).open(Span.all(SIZE)));
    }
    assertThat(looks).hasValue(isExhaustive ? 1 : 3);
  }

  @Test
  void in_a_private_repo_the_batch_call_carries_the_readers_token_to_the_hub_alone()
      throws IOException {
    repo.visibility(Visibility.PRIVATE);
    assertReads(UpstreamRig.HOLDER, LARGE);
    assertCalls(1, 0);
    assertThat(hub.log())
        .filteredOn(r -> r.authorization().isPresent())
        .extracting(Recorded::route)
        .containsOnly(Route.LFS_BATCH);
  }

  @Test
  void addresses_told_to_one_reader_open_nothing_for_another() throws IOException {
    repo.visibility(Visibility.PRIVATE);
    assertReads(UpstreamRig.HOLDER, LARGE);
    assertReads(UpstreamRig.HOLDER, SMALL);
    for (String path : List.of("m 0.bin", "config.json")) {
      long reads = reads();
      assertThat(
              refusal(source(path, Caller.ANONYMOUS).open(Span.all(files.get(path).size())))
                  .isOfRepo())
          .isTrue();
      assertThat(reads()).isEqualTo(reads);
    }
  }

  /** Reads of content that the Hub or its CDN let happen. */
  private long reads() {
    return hub.log().stream()
        .filter(call -> call.route() == Route.CDN || call.route() == Route.RESOLVE_CACHE)
        .filter(call -> call.status() < 400)
        .count();
  }

  @ParameterizedTest
  @ValueSource(ints = {302, 404, 422, 501, 503})
  void a_hub_that_refuses_batch_calls_is_asked_for_each_file_and_not_again_for_a_while(int status)
      throws IOException {
    hub.faults().on(Route.LFS_BATCH).status(status);
    assertReads(Caller.ANONYMOUS, LARGE);
    assertCalls(1, LARGE.size());

    hub.faults().clear();
    clock.pass(Duration.ofMinutes(11));
    hub.counters().reset();
    repo.commit("second", Map.of("x.txt", DevFile.text("x")));
    commit = new CommitHash(repo.commitOf("main").orElseThrow());
    assertReads(Caller.ANONYMOUS, LARGE);
    assertCalls(1, 0);
  }

  private static Stream<Arguments> unusableAnswers() {
    String object = "{\"objects\":[{\"oid\":\"%s\",\"size\":" + SIZE + "%s}]}";
    String at = ",\"actions\":{\"download\":{\"href\":\"%s\"%s}}";
    String header = ",\"header\":{\"Authorization\":\"Basic eA==\"}";
    return Stream.of(
        Arguments.of("a page", "<html>log in</html>"),
        Arguments.of("no objects", "{}"),
        Arguments.of("another transfer", "{\"transfer\":\"xet\",\"objects\":[]}"),
        Arguments.of("an answer without end", " ".repeat(600_000)),
        Arguments.of("an object without an address", object.formatted("OID", "")),
        Arguments.of(
            "the address of another object",
            object.formatted("0".repeat(64), at.formatted("http://127.0.0.1:1/x", ""))),
        Arguments.of(
            "an address where clouds keep secrets",
            object.formatted("OID", at.formatted("http://169.254.169.254/x", ""))),
        Arguments.of(
            "an address with a password",
            object.formatted("OID", at.formatted("http://u:p@127.0.0.1:1/x", ""))),
        Arguments.of(
            "an address that is none", object.formatted("OID", at.formatted("ftp://x/y", ""))),
        Arguments.of(
            "an address that needs a header",
            object.formatted("OID", at.formatted("http://127.0.0.1:1/x", header))),
        Arguments.of(
            "an address that nobody answers at",
            object.formatted("OID", at.formatted("http://127.0.0.1:1/x", ""))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unusableAnswers")
  void an_unusable_batch_answer_costs_nothing_but_first_hops(String what, String body)
      throws IOException {
    String text = body.replace("OID", files.get("m 0.bin").sha256());
    hub.faults().on(Route.LFS_BATCH).status(200, Map.of(), text);
    assertReads(Caller.ANONYMOUS, LARGE);
    assertCalls(1, LARGE.size());
  }

  @Test
  void a_batch_call_that_breaks_off_leads_to_first_hops() throws IOException {
    hub.faults().on(Route.LFS_BATCH).disconnect();
    assertReads(Caller.ANONYMOUS, LARGE);
    assertThat(hub.counters().requests(Route.RESOLVE)).isEqualTo(LARGE.size());
  }

  @Test
  @Tag("slow")
  void a_batch_call_without_an_answer_ends_in_time_for_first_hops() throws IOException {
    hub.faults().on(Route.LFS_BATCH).hold();
    assertReads(Caller.ANONYMOUS, LARGE);
    assertCalls(1, LARGE.size());
  }

  @Test
  void a_limit_on_batch_calls_is_not_waited_for() throws IOException {
    hub.faults().on(Route.LFS_BATCH).status(429, Map.of("Retry-After", "100"), "slower");
    assertReads(Caller.ANONYMOUS, LARGE);
    assertCalls(1, LARGE.size());
    repo.commit("second", Map.of("x.txt", DevFile.text("x")));
    commit = new CommitHash(repo.commitOf("main").orElseThrow());
    hub.faults().clear();
    assertReads(Caller.ANONYMOUS, LARGE);
    assertCalls(1, 2L * LARGE.size());
  }

  @Test
  void an_address_of_a_batch_answer_that_is_refused_leads_to_a_first_hop() throws IOException {
    hub.faults().on(Route.CDN).times(1).status(403);
    assertReads(Caller.ANONYMOUS, List.of("m 0.bin"));
    assertCalls(1, 1);
  }

  @Test
  void after_wrong_bytes_from_a_batch_address_the_first_hop_tells_another() throws IOException {
    BlobSource source = source("m 0.bin", Caller.ANONYMOUS);
    hub.faults().on(Route.CDN).times(1).otherBytes();
    assertThat(readAll(source.open(Span.all(SIZE)))).isNotEqualTo(files.get("m 0.bin").allBytes());
    source.reportWrongContent();
    assertThat(readAll(source.open(Span.all(SIZE)))).isEqualTo(files.get("m 0.bin").allBytes());
    assertCalls(1, 1);
  }

  @Test
  void small_files_need_no_first_hop() throws IOException {
    assertReads(UpstreamRig.HOLDER, SMALL);
    assertCalls(0, 0);
    assertThat(hub.counters().requests(Route.RESOLVE_CACHE)).isEqualTo(SMALL.size());
  }

  /** While the Hub limits the rate of requests, for example. */
  @Test
  void nobody_waits_for_the_pause_between_attempts_at_anothers_first_hop() throws Exception {
    CountDownLatch pausing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    RetryTiming timing =
        new RetryTiming() {
          @Override
          public long nanoTime() {
            return System.nanoTime();
          }

          @Override
          public void sleep(long nanos) throws InterruptedException {
            pausing.countDown();
            goOn.await();
          }
        };
    hub.faults().on(Route.RESOLVE_CACHE).times(1).status(404);
    hub.faults().on(Route.RESOLVE).times(1).status(429, Map.of("Retry-After", "1"), "");
    try (UpstreamRig slow = UpstreamRig.withTiming(timing, hub.uri());
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      BlobSource first = slow.source(listed("config.json"), "config.json", Caller.ANONYMOUS);
      BlobSource second = slow.source(listed("d.txt"), "d.txt", Caller.ANONYMOUS);
      try {
        threads.submit(() -> first.open(Span.all(files.get("config.json").size())));
        pausing.await();
        var read = threads.submit(() -> readAll(second.open(Span.all(files.get("d.txt").size()))));
        // A turn is waited for for 5 s.
        assertThat(read.get(4, TimeUnit.SECONDS)).isEqualTo(files.get("d.txt").allBytes());
      } finally {
        goOn.countDown();
      }
    }
  }

  private FirstHop listed(String path) {
    return new FirstHop(UpstreamRig.REPO, commit, blob(path), Optional.empty());
  }

  @Test
  void a_derived_address_that_is_refused_leads_to_first_hops() throws IOException {
    assertReads(Caller.ANONYMOUS, SMALL.subList(0, 1));
    hub.faults().on(Route.RESOLVE_CACHE).times(1).status(400);
    assertReads(Caller.ANONYMOUS, SMALL.subList(1, 3));
    assertCalls(0, 2);
  }

  @Test
  void a_small_file_without_content_does_not_keep_others_from_derived_addresses()
      throws IOException {
    assertReads(Caller.ANONYMOUS, SMALL.subList(0, 1));
    hub.faults().on(Route.RESOLVE_CACHE).path("config.json").status(404);
    assertThat(
            failure(
                source("config.json", Caller.ANONYMOUS)
                    .open(Span.all(files.get("config.json").size()))))
        .isNotNull();
    assertCalls(0, 1);
    assertReads(Caller.ANONYMOUS, List.of("d.txt"));
    assertCalls(0, 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {413, 422, 429, 500, 503})
  void a_batch_call_that_fails_for_one_commit_is_made_for_another(int status) throws IOException {
    hub.faults().on(Route.LFS_BATCH).times(1).status(status);
    assertReads(Caller.ANONYMOUS, LARGE.subList(0, 2));
    assertCalls(1, 2);
    repo.commit("second", Map.of("x.txt", DevFile.text("x")));
    commit = new CommitHash(repo.commitOf("main").orElseThrow());
    assertReads(Caller.ANONYMOUS, LARGE.subList(0, 2));
    assertCalls(2, 2);
  }

  @Test
  void an_unusable_address_of_one_commit_does_not_end_batch_calls_about_another()
      throws IOException {
    hub.faults().on(Route.CDN).times(1).status(403);
    assertReads(Caller.ANONYMOUS, LARGE.subList(0, 1));
    assertCalls(1, 1);
    repo.commit("second", Map.of("x.txt", DevFile.text("x")));
    commit = new CommitHash(repo.commitOf("main").orElseThrow());
    assertReads(Caller.ANONYMOUS, LARGE.subList(0, 2));
    assertCalls(2, 1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Route.class,
      names = {"RESOLVE_CACHE", "LFS_BATCH"})
  void calls_without_an_answer_count_as_silence_of_the_hub(Route route) throws Exception {
    boolean isSmall = route == Route.RESOLVE_CACHE;
    List<String> paths = isSmall ? SMALL : LARGE;
    if (isSmall) {
      assertReads(Caller.ANONYMOUS, paths);
    }
    hub.counters().reset();
    Stall stall = hub.faults().on(route).hold();
    List<BlobSource> sources = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      if (!isSmall) {
        repo.commit("next " + i, Map.of("x.txt", DevFile.text("x" + i)));
        commit = new CommitHash(repo.commitOf("main").orElseThrow());
      }
      sources.add(source(paths.get(i), Caller.ANONYMOUS));
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      try {
        sources.forEach(source -> threads.submit(() -> source.open(Span.all(1))));
        stall.awaitReached(3);
        assertThat(rig.upstream().state()).isEqualTo(UpstreamState.REACHABLE);
        clock.pass(CircuitBreaker.OVERDUE);
        assertThat(rig.upstream().state()).isEqualTo(UpstreamState.DOWN);
      } finally {
        stall.release();
      }
    }
    assertThat(rig.upstream().state()).as("after an answer").isEqualTo(UpstreamState.REACHABLE);
  }

  @Test
  void calls_of_a_reader_with_a_token_say_nothing_about_the_hub() throws Exception {
    assertReads(UpstreamRig.HOLDER, SMALL);
    Stall stall = hub.faults().on(Route.RESOLVE_CACHE).hold();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      try {
        SMALL.stream()
            .map(path -> source(path, UpstreamRig.HOLDER))
            .forEach(source -> threads.submit(() -> source.open(Span.all(1))));
        stall.awaitReached(3);
        clock.pass(CircuitBreaker.OVERDUE);
        assertThat(rig.upstream().state()).isEqualTo(UpstreamState.REACHABLE);
      } finally {
        stall.release();
      }
    }
  }

  @Test
  void a_repo_that_was_closed_is_a_refusal_at_a_derived_address_too() throws IOException {
    assertReads(Caller.ANONYMOUS, SMALL.subList(0, 1));
    repo.visibility(Visibility.PRIVATE);
    assertThat(
            refusal(source("d.txt", Caller.ANONYMOUS).open(Span.all(files.get("d.txt").size())))
                .isOfRepo())
        .isTrue();
  }

  @Test
  void while_the_hub_limits_small_files_another_endpoint_delivers_them() throws IOException {
    try (DevHub other = DevHub.builder().start();
        UpstreamRig two = UpstreamRig.to(clock, hub.uri(), other.uri())) {
      other.repo("model", "acme/x").commit("first", files);
      assertThat(other.repo("model", "acme/x").commitOf("main")).contains(commit.hex());
      hub.faults().on(Route.RESOLVE_CACHE).skip(1).status(429, Map.of("Retry-After", "100"), "");
      for (String path : SMALL) {
        FirstHop listed = new FirstHop(UpstreamRig.REPO, commit, blob(path), Optional.empty());
        long size = files.get(path).size();
        assertThat(
                readAll(
                    two.source(listed, path, Caller.ANONYMOUS, CommitFiles.NONE)
                        .open(Span.all(size))))
            .isEqualTo(files.get(path).allBytes());
      }
      assertThat(hub.counters().requests(Route.RESOLVE_CACHE)).isEqualTo(2);
      assertThat(other.counters().requests(Route.RESOLVE_CACHE)).isEqualTo(2);
    }
  }

  /** Without asking the silent one for a first hop first. */
  @Test
  @Tag("slow")
  void a_small_file_whose_derived_address_gets_no_answer_comes_from_another_endpoint()
      throws IOException {
    try (DevHub other = DevHub.builder().start();
        UpstreamRig two =
            UpstreamRig.withTimeout(Duration.ofSeconds(15), clock, hub.uri(), other.uri())) {
      other.repo("model", "acme/x").commit("first", files);
      Stall stall = hub.faults().on(Route.RESOLVE_CACHE).skip(1).hold();
      for (String path : SMALL.subList(0, 2)) {
        FirstHop listed = new FirstHop(UpstreamRig.REPO, commit, blob(path), Optional.empty());
        long size = files.get(path).size();
        assertThat(
                readAll(
                    two.source(listed, path, Caller.ANONYMOUS, CommitFiles.NONE)
                        .open(Span.all(size))))
            .isEqualTo(files.get(path).allBytes());
      }
      stall.release();
      assertCalls(0, 0);
      assertThat(other.counters().requests(Route.RESOLVE)).isEqualTo(1);
    }
  }

  @Test
  void another_endpoint_gets_neither_batch_calls_nor_derived_addresses() throws IOException {
    try (DevHub main = DevHub.builder().start();
        UpstreamRig two = UpstreamRig.to(clock, main.uri(), hub.uri())) {
      CommitFiles others =
          limit ->
              LARGE.stream().map(p -> new CommitFiles.Named(new FilePath(p), blob(p))).toList();
      main.faults().everywhere().status(503);
      for (String path : List.of("m 0.bin", "m 1.bin", "config.json", "d.txt")) {
        FirstHop listed = new FirstHop(UpstreamRig.REPO, commit, blob(path), Optional.empty());
        long size = files.get(path).size();
        assertThat(readAll(two.source(listed, path, Caller.ANONYMOUS, others).open(Span.all(size))))
            .isEqualTo(files.get(path).allBytes());
      }
      assertCalls(0, 4);
    }
  }
}
