package io.intrahub.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.Requester;
import io.intrahub.access.local.TokenHash;
import io.intrahub.http.RequestListener;
import io.intrahub.hub.RepoPattern;
import io.intrahub.metrics.Meters;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class AuditLogTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String FILE = "/acme/x/resolve/main/a.bin";
  private static final String FINGERPRINT = "a1b2c3d4e5f60718".repeat(4);
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-06-01T10:00:00Z"), ZoneOffset.UTC);

  @TempDir Path tmp;
  private final Meters meters = new Meters(new SimpleMeterRegistry());

  private AuditLog open(Path file, long maxBytes, int keep, Optional<AccessRules> rules)
      throws IOException {
    return AuditLog.open(new AuditSettings(file, maxBytes, keep), rules, CLOCK, meters);
  }

  private static RequestListener.Request request(
      Caller caller, String path, int status, String cache, boolean restricted, String code) {
    return new RequestListener.Request(
        caller,
        "GET",
        path,
        status,
        cache,
        restricted,
        status == 200 ? COMMIT : "",
        code,
        code.isEmpty() ? "" : "Refused, says a rule",
        42,
        Duration.ofMillis(3),
        "0011223344556677");
  }

  private static RequestListener.Request ofPath(String path) {
    return request(Caller.anonymous("10.0.0.9"), path, 200, "intrahub; hit", false, "");
  }

  /** What the log has of these requests. */
  private List<JsonNode> logged(Optional<AccessRules> rules, RequestListener.Request... requests)
      throws IOException {
    Path file = tmp.resolve("audit.log");
    try (AuditLog audit = open(file, 1 << 20, 1, rules)) {
      for (RequestListener.Request request : requests) {
        audit.answered(request);
      }
    }
    assertThat(meters.auditDroppedCount()).isZero();
    return Files.readAllLines(file).stream().map(JsonMapper.shared()::readTree).toList();
  }

  private static Caller holder() {
    return new Caller(new Authority.TokenHolder(FINGERPRINT), Optional.empty(), "10.0.0.9");
  }

  @Test
  void an_entry_says_who_read_what_from_where_and_by_which_right() throws Exception {
    List<JsonNode> entries =
        logged(
            Optional.empty(),
            request(holder(), FILE, 200, "intrahub; hit; ttl=3", true, ""),
            request(holder(), FILE, 200, "intrahub; fwd=miss; stored", false, ""),
            request(holder(), FILE, 200, "intrahub; fwd=bypass", true, ""),
            request(holder(), FILE, 404, "", false, "RepoNotFound"));

    assertThat(entries.getFirst())
        .isEqualTo(
            JsonMapper.shared()
                .readTree(
                    """
                    {"time":"2026-06-01T10:00:00Z","request":"0011223344556677",
                     "client":"10.0.0.9","authority":"token:a1b2c3d4e5f60718","method":"GET",
                     "repo":"acme/x","commit":"%s","path":"a.bin","status":200,"bytes":42,
                     "cache":"hit","rule":"grant"}
                    """
                        .formatted(COMMIT)));
    assertThat(entries)
        .extracting(e -> e.path("cache").asString())
        .containsExactly("hit", "miss", "bypass", "");
    assertThat(entries)
        .extracting(e -> e.path("rule").asString())
        .containsExactly("grant", "public", "hub", "hub");
    assertThat(entries.getLast().path("code").asString()).isEqualTo("RepoNotFound");
    assertThat(entries.getLast().path("error").asString()).isEqualTo("Refused, says a rule");
  }

  @Test
  void an_entry_names_the_rule_of_the_operator_that_allowed_or_refused() throws Exception {
    AccessRules rules = AccessRules.of(List.of(rule("acme/y"), rule("datasets/acme/*")));
    LocalToken token =
        new LocalToken("ci", TokenHash.of("secret"), CLOCK.instant(), Optional.empty(), List.of());
    Caller known = local(new LocalCredential.Valid(token));
    Caller late = local(new LocalCredential.Expired("old", CLOCK.instant()));

    List<JsonNode> entries =
        logged(
            Optional.of(rules),
            request(known, "/datasets/acme/x/resolve/main/a.bin", 200, "intrahub; hit", false, ""),
            request(late, FILE, 403, "", false, ""));

    assertThat(entries).extracting(e -> e.path("rule").asInt(-1)).containsExactly(2, 0);
    assertThat(entries)
        .extracting(e -> e.path("authority").asString())
        .containsExactly("local:ci", "expired:old");
    assertThat(entries.getFirst().path("client").asString()).isEqualTo("10.0.0.7");
    assertThat(entries.getFirst().path("repo").asString()).isEqualTo("datasets/acme/x");
  }

  private static Caller local(LocalCredential credential) throws IOException {
    return Caller.known("10.0.0.0", new Requester(InetAddress.getByName("10.0.0.7"), credential));
  }

  private static AccessRule rule(String pattern) {
    return new AccessRule(
        Optional.empty(),
        List.of(),
        List.of(RepoPattern.parse(pattern).orElseThrow()),
        false,
        false);
  }

  @Test
  void nothing_that_a_client_sends_ends_a_line_or_leaves_ascii() throws Exception {
    String[] paths = {
      "/acme/x/resolve/main/a%0A%7B%22time%22%3A1%7D",
      "/acme/x/resolve/main/a\r\n{\"time\":1}",
      "/\u0000\u001b[2J\u0085\u2028\u2029\"\\",
      "/lone\ud800surrogate",
      "/acme/x/resolve/main/%FF%FE"
    };
    RequestListener.Request[] requests =
        List.of(paths).stream().map(AuditLogTest::ofPath).toArray(RequestListener.Request[]::new);

    assertThat(logged(Optional.empty(), requests)).hasSize(paths.length);
    assertThat(Files.readString(tmp.resolve("audit.log"))).matches("([ -~]*\n)*");
  }

  @Test
  void a_full_file_is_compressed_and_the_oldest_one_deleted() throws Exception {
    Path file = tmp.resolve("old (1) {2}/audit.log");
    try (AuditLog audit = open(file, 1024, 2, Optional.empty())) {
      await()
          .pollInterval(Duration.ofMillis(10))
          .until(() -> {
            for (int i = 0; i < 20; i++) {
              audit.answered(ofPath(FILE));
            }
            return Files.exists(Path.of(file + ".2.gz"));
          });
    }

    try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(Path.of(file + ".1.gz")))) {
      assertThat(new String(in.readAllBytes()).lines())
          .isNotEmpty()
          .allSatisfy(line -> assertThat(JsonMapper.shared().readTree(line).isObject()).isTrue());
    }
    assertThat(Path.of(file + ".3.gz")).doesNotExist();
    assertThat(meters.auditDroppedCount()).isZero();
  }

  @EnabledOnOs(OS.LINUX)
  @Test
  void a_full_disk_loses_entries_and_counts_them_and_delays_no_request() throws Exception {
    int requests = 3 * AuditLog.QUEUE;
    long start = System.nanoTime();
    try (AuditLog audit = open(Path.of("/dev/full"), 1 << 20, 1, Optional.empty())) {
      for (int i = 0; i < requests; i++) {
        audit.answered(ofPath(FILE));
      }
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
      await().untilAsserted(() -> assertThat(meters.auditDroppedCount()).isEqualTo(requests));
    }
  }

  @Test
  void a_path_that_the_rotation_would_misread_is_refused_at_the_start() {
    assertThatIOException()
        .isThrownBy(() -> open(tmp.resolve("50%d/audit.log"), 1024, 1, Optional.empty()))
        .withMessageContaining("percent sign");
  }

  @Test
  void a_file_that_cannot_be_opened_is_named_at_the_start() throws Exception {
    Path folder = Files.createDirectory(tmp.resolve("folder"));
    assertThatIOException()
        .isThrownBy(() -> open(folder, 1024, 1, Optional.empty()))
        .withMessageContaining(folder.toString())
        .withMessageContaining("audit.file");
  }
}
