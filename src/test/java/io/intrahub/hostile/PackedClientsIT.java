package io.intrahub.hostile;

import static io.intrahub.hostile.PackedRig.BIG;
import static io.intrahub.hostile.PackedRig.BIG_FILE;
import static io.intrahub.hostile.PackedRig.FILE;
import static io.intrahub.hostile.PackedRig.eventually;
import static io.intrahub.hostile.PackedRig.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packed product, and one client that uses all that it may while others notice nothing. */
@Timeout(120)
class PackedClientsIT {
  private static final String GREEDY = "127.0.0.2";
  private static final String OTHER = "127.0.0.3";
  private static final String ONE_TOKEN = "Authorization: Bearer hf_one";
  private static final String OTHER_TOKEN = "Authorization: Bearer hf_two";
  private static final int FEW = 3;
  private static final Map<String, String> FEW_REQUESTS =
      Map.of("INTRAHUB_CLIENTS_REQUESTS", "" + FEW);

  @TempDir private Path tmp;
  private final List<RawClient> clients = new ArrayList<>();
  private PackedRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new PackedRig(tmp);
  }

  @AfterEach
  void stop() throws Exception {
    for (RawClient client : clients) {
      client.close();
    }
    rig.close();
  }

  private RawClient client(MirrorProcess mirror, String from) throws IOException {
    RawClient client = new RawClient(mirror.uri().getPort(), from);
    clients.add(client);
    return client;
  }

  private String headOf(MirrorProcess mirror, String from, String target, String... headers)
      throws IOException {
    return client(mirror, from).get(target, headers).head();
  }

  /**
   * As another client than those of the test: a request is over a moment after its client has the
   * answer, and counts until then.
   */
  private void storeFile(MirrorProcess mirror) {
    assertThat(rig.get(mirror, FILE).statusCode()).isEqualTo(200);
  }

  /** These requests get their first bytes, and wait for the rest. */
  private Stall begin(int requests, MirrorProcess mirror, String from, String... headers)
      throws IOException {
    Stall stall = rig.hub.faults().on(Route.CDN).stallAfter(100_000);
    for (int i = 0; i < requests; i++) {
      assertThat(headOf(mirror, from, BIG_FILE, headers)).startsWith("HTTP/1.1 200 ");
    }
    stall.awaitReached(1);
    return stall;
  }

  @Test
  void a_refusal_names_the_limit_that_a_client_met() throws Exception {
    Map<String, String> few =
        Map.of("INTRAHUB_CLIENTS_CONNECTIONS", "3", "INTRAHUB_CLIENTS_COLD_QUESTIONS", "5");
    try (MirrorProcess mirror = rig.mirror(few)) {
      // One after the other: connections that come together are counted in any order.
      for (int i = 0; i < 3; i++) {
        assertThat(headOf(mirror, GREEDY, FILE)).startsWith("HTTP/1.1 200 ");
      }
      assertThat(headOf(mirror, GREEDY, FILE))
          .startsWith("HTTP/1.1 429 ")
          .contains("clients.connections");

      long before = rig.hub.log().size();
      List<HttpResponse<byte[]>> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        answers.add(rig.get(mirror, "/acme/made-up-" + i + "/resolve/main/a.txt"));
      }
      assertThat(answers.getLast().statusCode()).isEqualTo(429);
      assertThat(text(answers.getLast())).contains("clients.cold-questions");
      assertThat(rig.hub.log().size() - before).isLessThanOrEqualTo(10);
    }
  }

  @Test
  void random_commits_and_queries_of_one_client_use_up_its_own_questions_only() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_CLIENTS_COLD_QUESTIONS", "5"))) {
      assertThat(headOf(mirror, OTHER, FILE)).startsWith("HTTP/1.1 200 ");
      long before = rig.hub.log().size();
      for (int i = 0; i < 20; i++) {
        String commit = "%040x".formatted(i + 1);
        headOf(mirror, GREEDY, "/acme/open/resolve/" + commit + "/a.txt");
        headOf(mirror, GREEDY, "/api/models?search=made-up-" + i);
      }
      assertThat(headOf(mirror, GREEDY, "/api/models?search=once-more"))
          .startsWith("HTTP/1.1 429 ")
          .contains("clients.cold-questions");
      assertThat(rig.hub.log().size() - before).isLessThanOrEqualTo(20);
      assertThat(headOf(mirror, GREEDY, FILE)).startsWith("HTTP/1.1 200 ");
      assertThat(headOf(mirror, OTHER, "/api/models?search=honest")).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void connections_of_all_clients_are_bounded() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_SERVER_CONNECTIONS", "2"))) {
      assertThat(headOf(mirror, GREEDY, FILE)).startsWith("HTTP/1.1 200 ");
      assertThat(headOf(mirror, GREEDY, FILE)).startsWith("HTTP/1.1 200 ");
      assertThat(headOf(mirror, OTHER, FILE))
          .startsWith("HTTP/1.1 503 ")
          .contains("server.connections", "Retry-After: ");
      clients.getFirst().close();
      eventually(() -> assertThat(headOf(mirror, OTHER, FILE)).startsWith("HTTP/1.1 200 "));
    }
  }

  @Test
  void a_client_with_too_many_requests_in_progress_is_refused_and_another_is_served()
      throws Exception {
    try (MirrorProcess mirror = rig.mirror(FEW_REQUESTS)) {
      storeFile(mirror);
      Stall stall = begin(FEW, mirror, GREEDY);
      try {
        assertThat(headOf(mirror, GREEDY, FILE))
            .startsWith("HTTP/1.1 429 ")
            .contains("clients.requests", "Retry-After: ");
        assertThat(headOf(mirror, OTHER, FILE)).startsWith("HTTP/1.1 200 ");
      } finally {
        stall.release();
      }
    }
  }

  @Test
  void one_token_of_many_addresses_is_one_client_and_so_is_one_address_with_many_tokens()
      throws Exception {
    try (MirrorProcess mirror = rig.mirror(FEW_REQUESTS)) {
      storeFile(mirror);
      Stall stall = begin(FEW, mirror, GREEDY, ONE_TOKEN);
      try {
        assertThat(headOf(mirror, OTHER, FILE, ONE_TOKEN)).startsWith("HTTP/1.1 429 ");
        assertThat(headOf(mirror, GREEDY, FILE, OTHER_TOKEN)).startsWith("HTTP/1.1 429 ");
        assertThat(headOf(mirror, OTHER, FILE, OTHER_TOKEN)).startsWith("HTTP/1.1 200 ");
      } finally {
        stall.release();
      }
    }
  }

  @Test
  void behind_a_trusted_proxy_a_client_is_who_the_proxy_says_and_nobody_else_is_believed()
      throws Exception {
    Map<String, String> environment =
        PackedRig.with(FEW_REQUESTS, Map.of("INTRAHUB_SERVER_TRUSTED_PROXIES", GREEDY));
    String client = "X-Forwarded-For: 192.0.2.1";
    String next = "X-Forwarded-For: 192.0.2.2";
    try (MirrorProcess mirror = rig.mirror(environment)) {
      storeFile(mirror);
      Stall stall = begin(FEW, mirror, GREEDY, client);
      try {
        assertThat(headOf(mirror, GREEDY, FILE, client)).startsWith("HTTP/1.1 429 ");
        assertThat(headOf(mirror, GREEDY, FILE, next)).startsWith("HTTP/1.1 200 ");
        // Who is no proxy may write there what it likes.
        assertThat(headOf(mirror, OTHER, FILE, client)).startsWith("HTTP/1.1 200 ");
      } finally {
        stall.release();
      }
    }
  }

  /** It would have a place for each name that it makes up. */
  @Test
  void a_client_that_is_no_trusted_proxy_is_one_client_whatever_it_forwards() throws Exception {
    try (MirrorProcess mirror = rig.mirror(FEW_REQUESTS)) {
      storeFile(mirror);
      Stall stall = begin(FEW, mirror, GREEDY, "X-Forwarded-For: 192.0.2.1");
      try {
        assertThat(headOf(mirror, GREEDY, FILE, "X-Forwarded-For: 192.0.2.2"))
            .startsWith("HTTP/1.1 429 ");
        assertThat(headOf(mirror, GREEDY, FILE, "Forwarded: for=192.0.2.3"))
            .startsWith("HTTP/1.1 429 ");
      } finally {
        stall.release();
      }
    }
  }

  @Test
  void pass_through_streams_are_bounded_and_one_client_has_three_quarters_of_them()
      throws Exception {
    String file = "/acme/elsewhere/resolve/main/big.bin";
    try (DevHub fallback = DevHub.builder().start()) {
      fallback.repo("model", "acme/elsewhere").commit("Add it", Map.of("big.bin", BIG));
      rig.hub.goDark();
      try (MirrorProcess mirror =
          rig.mirrorWithFallback(fallback, Map.of("INTRAHUB_TRANSFER_PASSTHROUGH_STREAMS", "4"))) {
        Stall stall = fallback.faults().on(Route.CDN).stallAfter(100_000);
        try {
          for (int i = 0; i < 3; i++) {
            assertThat(headOf(mirror, GREEDY, file)).startsWith("HTTP/1.1 200 ");
          }
          assertThat(rig.metric(mirror, "intrahub_passthrough_streams")).isEqualTo(3);
          assertThat(headOf(mirror, GREEDY, file))
              .startsWith("HTTP/1.1 503 ")
              .contains("transfer.passthrough-streams", "Retry-After: ");
          assertThat(headOf(mirror, OTHER, file)).startsWith("HTTP/1.1 200 ");
          assertThat(headOf(mirror, "127.0.0.4", file)).startsWith("HTTP/1.1 503 ");
          // One that leaves gives its stream to the next.
          clients.getFirst().close();
          eventually(
              () -> assertThat(headOf(mirror, "127.0.0.4", file)).startsWith("HTTP/1.1 200 "));
        } finally {
          stall.release();
          fallback.faults().clear();
        }
      }
    }
  }

  @Test
  void a_client_with_many_slow_streams_leaves_large_buffers_to_another() throws Exception {
    DevFile file = DevFile.lfsGenerated(11, 12 << 20);
    rig.hub.repo("model", "acme/large").commit("Add it", "large.bin", file);
    String target = "/acme/large/resolve/main/large.bin";
    long pool = 16L << 20;
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_MEMORY_BUFFERS", "" + pool))) {
      rig.store(mirror, target, file);
      await().until(() -> lent(mirror) == 0);
      for (int i = 0; i < 200; i++) {
        assertThat(slow(mirror, GREEDY).get(target).head()).startsWith("HTTP/1.1 200 ");
      }
      await("it has its share").until(() -> lent(mirror) > pool * 70 / 100);
      long held = stable(mirror);
      assertThat(held).isLessThanOrEqualTo(pool * 75 / 100);
      assertThat(rig.metric(mirror, "intrahub_client_buffers_largest_bytes")).isEqualTo(held);

      for (int i = 1; i <= 2; i++) {
        long expected = held + i * 512 * 1024;
        assertThat(slow(mirror, OTHER).get(target).head()).startsWith("HTTP/1.1 200 ");
        await().until(() -> lent(mirror) >= expected);
      }
      for (RawClient client : clients) {
        client.reset();
      }
      await("all is given back").until(() -> lent(mirror) == 0);
    }
  }

  private RawClient slow(MirrorProcess mirror, String from) throws IOException {
    RawClient client = new RawClient(mirror.uri().getPort(), from, 4 * 1024);
    clients.add(client);
    return client;
  }

  /** What is lent once it has not changed for a second. */
  private long stable(MirrorProcess mirror) {
    AtomicLong last = new AtomicLong(-1);
    AtomicInteger same = new AtomicInteger();
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(100))
        .until(() -> {
          long now = lent(mirror);
          same.set(last.getAndSet(now) == now ? same.get() + 1 : 0);
          return same.get() >= 10;
        });
    return last.get();
  }

  private long lent(MirrorProcess mirror) {
    return rig.metric(mirror, "intrahub_client_buffers_used_bytes");
  }
}
