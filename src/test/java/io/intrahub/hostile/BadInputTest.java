package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevCounters;
import io.intrahub.devhub.DevFile;
import io.intrahub.testing.LiveFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What no client should send, over a raw socket: always a clean refusal, never a trace of it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d{3}) ?[^\r\n]*\r\n");
  private static final String FILE = "/acme/open/resolve/main/config.json";

  @TempDir static Path data;
  private Rig rig;

  @BeforeAll
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub
        .repo("model", "acme/open")
        .commit("Add it", Map.of("config.json", DevFile.text("{\"a\":1}\n")));
    rig.get(FILE, Optional.empty());
    // What is learned behind the client's back is no trace of what comes now.
    await().until(() -> onDisk().stream().anyMatch(n -> n.endsWith("/manifest")));
    rig.settle();
  }

  @AfterAll
  void stop() {
    rig.close();
  }

  /** An answer as it came, to be read once by its head and once by its length. */
  private record Raw(int status, String head, String body, String rest) {
    String header(String name) {
      Matcher m = Pattern.compile("(?im)^" + name + ": ?(.*?)\r?$").matcher(head);
      return m.find() ? m.group(1) : "";
    }

    static Raw parse(byte[] bytes) {
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      Matcher m = STATUS.matcher(text);
      int end = text.indexOf("\r\n\r\n");
      if (!m.lookingAt() || end < 0) {
        return new Raw(0, "", text, "");
      }
      Raw head = new Raw(Integer.parseInt(m.group(1)), text.substring(0, end + 2), "", "");
      String length = head.header("Content-Length");
      int size = length.isEmpty() ? 0 : Integer.parseInt(length);
      int from = end + 4;
      int to = Math.min(from + size, text.length());
      return new Raw(head.status(), head.head(), text.substring(from, to), text.substring(to));
    }
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String get(String target) {
    return "GET " + target + " HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n\r\n";
  }

  private Raw send(String request) throws IOException {
    return Raw.parse(rig.wire(latin(request)));
  }

  private static void isCleanRefusal(SoftAssertions softly, String what, Raw raw) {
    softly.assertThat(raw.status()).as(what).isBetween(400, 505).isNotEqualTo(500);
    softly.assertThat(raw.header("X-Request-Id")).as(what).isNotEmpty();
    softly.assertThat(raw.header("X-Error-Message")).as(what).matches("[ -~]+");
    softly.assertThat(raw.header("Content-Type")).as(what).startsWith("application/json");
    softly
        .assertThat(raw.body())
        .as(what)
        .startsWith("{\"error\":\"")
        .endsWith("}")
        .doesNotContain("\tat ")
        .doesNotContain("Exception")
        .doesNotContainIgnoringCase("<html");
    softly
        .assertThat(raw.head())
        .as(what)
        .doesNotContainIgnoringCase("injected:")
        .doesNotContainIgnoringCase("set-cookie")
        .doesNotContainIgnoringCase("jetty");
  }

  private Set<String> onDisk() throws IOException {
    Set<String> names = new TreeSet<>();
    LiveFolder.walk(data).forEach(p -> names.add(data.relativize(p).toString()));
    return names;
  }

  static Stream<String> targetsThatNameNothing() {
    List<String> targets = new ArrayList<>();
    String long5000 = "a".repeat(5000);
    for (String dots :
        List.of(
            "..",
            ".",
            "%2e%2e",
            "%2E%2e",
            ".%2e",
            "%2e",
            "..%2F..%2Fetc%2Fpasswd",
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "a%2F..%2F..%2Fb",
            "..;",
            "..;x=1",
            "%2e%2e;x",
            "..%5c..%5cetc",
            "..\\..\\etc",
            "a\\b",
            "a%5Cb",
            "%00",
            "a%00.json",
            "%0d%0aInjected:%20yes",
            "a%0d%0aSet-Cookie:%20x",
            "%7f",
            "%FF",
            "%C0%AE%C0%AE",
            "%C0%AF",
            "%E0%80%AF",
            "%ED%A0%80",
            "%",
            "%4",
            "%zz",
            "a%2",
            "%E2%80%AE.txt",
            long5000)) {
      targets.add("/acme/open/resolve/main/" + dots);
      targets.add("/acme/open/resolve/main/a/" + dots + "/b");
      targets.add("/acme/open/resolve/" + dots + "/config.json");
      targets.add("/acme/" + dots + "/resolve/main/config.json");
      targets.add("/" + dots + "/open/resolve/main/config.json");
      targets.add("/api/models/acme/open/tree/main/" + dots);
      targets.add("/api/models/acme/open/revision/" + dots);
      targets.add("/api/models/" + dots + "/open");
      if (!dots.equals(long5000) && !dots.equals("%E2%80%AE.txt")) {
        // Further resources of a repo are the Hub's to name.
        targets.add("/api/models/acme/open/" + dots);
      }
      if (!dots.equals("a%5Cb")) {
        // A name that a file may have.
        targets.add("/acme/open/raw/main/" + dots);
        targets.add("/api/resolve-cache/models/acme/open/" + "0".repeat(40) + "/" + dots);
      }
    }
    targets.addAll(
        List.of(
            "/acme/open/resolve/main/",
            "/acme/open/resolve/",
            "/acme/open/resolve//config.json",
            "//resolve/main/config.json",
            "/acme/open/resolve/a..b/config.json",
            "/acme/open/resolve/@%7B1%7D/config.json",
            "/acme/open/resolve/-x/",
            "/ac--me/open/resolve/main/config.json",
            "/acme/.open/resolve/main/config.json",
            "/acme/open.git/resolve/main/config.json",
            "/acme/open/extra/resolve/main/config.json",
            "/api/models/%61..%62/open",
            "/api/resolve-cache/models/acme/open/main/config.json",
            "*",
            "config.json",
            "",
            "?",
            "/../../../../etc/passwd",
            "/%2F%2F%2F..%2F..%2Fetc%2Fpasswd",
            "/acme/open/resolve/main/\u00e9\u00ff\u00fe",
            "/acme/open/resolve/main/a b"));
    return targets.stream();
  }

  @Test
  @Tag("slow")
  void a_target_that_names_nothing_is_refused_and_goes_no_further() throws IOException {
    SoftAssertions softly = new SoftAssertions();
    rig.settle();
    Set<String> before = onDisk();
    DevCounters.Snapshot asked = rig.hub.counters().snapshot();
    for (String target : targetsThatNameNothing().toList()) {
      String what = target.length() > 100 ? target.substring(0, 100) + "…" : target;
      isCleanRefusal(softly, "GET " + what, send(get(target)));
      softly
          .assertThat(rig.hub.counters().snapshot())
          .as("upstream was asked for " + what)
          .isEqualTo(asked);
      asked = rig.hub.counters().snapshot();
    }
    rig.settle();
    softly.assertThat(onDisk()).isEqualTo(before);
    softly.assertAll();
  }

  /** Odd, but a name that a repo may have: upstream says whether it does. */
  static Stream<String> targetsThatAreOnlyOdd() {
    return Stream.of(
        "/acme/open/resolve/main/%252e%252e",
        "/acme/open/resolve/main/%252e%252e%252fetc",
        "/acme/open/resolve/main/..a",
        "/acme/open/resolve/main/...",
        "/acme/open/resolve/main/a;b=c",
        "/acme/open/resolve/main/%3Cimg%20onerror=x%3E",
        "/acme/open/resolve/main/aux",
        "/acme/open/resolve/main/C:",
        "/acme/open/resolve/main/a%5Cb",
        "/acme/open/resolve/main/a%22b",
        "/acme/open/resolve/main/%F0%9F%98%80",
        "/acme/open/resolve/main/e%CC%81",
        "/acme/open/resolve/%22%3E%3Cscript%3E/config.json",
        "/acme/open/resolve/%2525/config.json");
  }

  @Tag("slow")
  @ParameterizedTest
  @MethodSource("targetsThatAreOnlyOdd")
  void an_odd_name_is_looked_up_and_leaves_nothing_behind(String target) throws IOException {
    SoftAssertions softly = new SoftAssertions();
    Raw raw = send(get(target));
    softly.assertThat(raw.status()).as(target).isEqualTo(404);
    isCleanRefusal(softly, target, raw);
    softly
        .assertThat(onDisk())
        .as(target)
        .noneMatch(n -> n.contains("etc") || n.contains("img") || n.contains("script"));
    softly.assertAll();
  }

  static Stream<String> badRequests() {
    String end = "Host: mirror\r\nConnection: close\r\n\r\n";
    String start = "GET " + FILE + " HTTP/1.1\r\n";
    String big = "x".repeat(64 * 1024);
    List<String> requests = new ArrayList<>();
    for (String method :
        List.of("TRACE", "CONNECT", "PUT", "POST", "PATCH", "DELETE", "BREW", "PROPFIND", "get")) {
      requests.add(method + " " + FILE + " HTTP/1.1\r\n" + end);
      requests.add(method + " /api/models/acme/open HTTP/1.1\r\n" + end);
    }
    requests.addAll(
        List.of(
            "CONNECT example.org:443 HTTP/1.1\r\n" + end,
            "GET example.org:443 HTTP/1.1\r\n" + end,
            "GET ftp://example.org/x HTTP/1.1\r\n" + end,
            start + "Connection: close\r\n\r\n",
            start + "Host: a\r\n" + end,
            start + "Host: a, b\r\nConnection: close\r\n\r\n",
            start + "Host: a/b\r\nConnection: close\r\n\r\n",
            start + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n" + end,
            start + "Authorization: Bearer " + big + "\r\n" + end,
            start + "Authorization: Basic YTpi\r\n" + end,
            start + "Authorization: Bearer a b\r\n" + end,
            start + "Authorization: Bearer \u00e9\r\n" + end,
            start + "Authorization: Bearer\r\n" + end,
            start + "X-Big: " + big + "\r\n" + end,
            start + "X-Many: y\r\n".repeat(5000) + end,
            start + " folded: x\r\n" + end,
            start + "Bad Name: x\r\n" + end,
            start + "No-Colon\r\n" + end,
            start + "X: a\r\n\tfolded\r\n" + end,
            start + "X: a\u0000b\r\n" + end,
            start + "X: a\rInjected: b\r\n" + end,
            start + "X: a\nInjected: b\r\n" + end,
            start + end.replace("\r\n", "\n"),
            start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + end + "0\r\n\r\n",
            start + "Transfer-Encoding: xchunked\r\n" + end,
            start + "Transfer-Encoding: chunked, identity\r\n" + end + "0\r\n\r\n",
            start + "Content-Length: 5\r\nContent-Length: 6\r\n" + end + "123456",
            start + "Content-Length: -1\r\n" + end,
            start + "Content-Length: +5\r\n" + end + "12345",
            start + "Content-Length: 5a\r\n" + end,
            start + "Content-Length: 99999999999999999999\r\n" + end,
            start + "Content-Length: 5\r\n" + end + "12345",
            start + "Transfer-Encoding: chunked\r\n" + end + "5\r\n12345\r\n0\r\n\r\n",
            "POST /api/models/acme/open/paths-info/main HTTP/1.1\r\n"
                + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
                + end
                + "+5\r\n12345\r\n0\r\n\r\n",
            "POST /api/models/acme/open/paths-info/main HTTP/1.1\r\n"
                + "Content-Type: application/json\r\nContent-Length: 1000000000\r\n"
                + end,
            "POST /api/models/acme/open/paths-info/main HTTP/1.1\r\n"
                + "Content-Type: application/json\r\nContent-Length: 20000\r\n"
                + end
                + "[".repeat(20000),
            "POST /api/models/acme/open/paths-info/main HTTP/1.1\r\n"
                + "Content-Type: application/json\r\nContent-Length: 9\r\n"
                + end
                + "not json!",
            "GET " + FILE + "\r\n" + end,
            "GET " + FILE + " HTTP/9.9\r\n" + end,
            "GET " + FILE + " HTTP/1.1 x\r\n" + end,
            "G\u0000T " + FILE + " HTTP/1.1\r\n" + end));
    for (String range :
        List.of(
            "bytes=", "bytes=x-y", "bytes=5-2", "bytes=--1", "bytes=1-2-3", "bytes", "bytes=-")) {
      requests.add(start + "Range: " + range + "\r\n" + end);
    }
    return requests.stream();
  }

  @Test
  void a_request_that_breaks_the_rules_is_refused() throws IOException {
    Set<String> before = onDisk();
    SoftAssertions softly = new SoftAssertions();
    for (String request : badRequests().toList()) {
      String what = request.substring(0, Math.min(160, request.length())).replace("\r\n", " | ");
      Raw raw = send(request);
      isCleanRefusal(softly, what, raw);
      softly.assertThat(raw.rest()).as("a second answer to " + what).isEmpty();
    }
    softly.assertThat(onDisk()).isEqualTo(before);
    softly.assertAll();
    assertThat(rig.hub.violations()).isEmpty();
  }

  /** The second request must not be answered as one where the end of the first is not certain. */
  @ParameterizedTest
  @MethodSource("requestsWithAnUncertainEnd")
  void nothing_is_read_after_a_request_whose_end_is_uncertain(String first) throws IOException {
    String canary = "GET /canary HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n\r\n";
    Raw raw = send(first + canary);
    assertThat(raw.status()).isBetween(400, 501);
    assertThat(raw.rest()).isEmpty();
  }

  static Stream<String> requestsWithAnUncertainEnd() {
    String start = "GET " + FILE + " HTTP/1.1\r\nHost: mirror\r\n";
    String post = start.replace("GET", "POST");
    return Stream.of(
        start + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        start + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        start + "Content-Length : 44\r\n\r\n",
        start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: cow\r\n\r\n",
        start + "X: y\nContent-Length: 44\r\n Host: z\r\n\r\n",
        start + "Bad Name: x\r\n\r\n",
        "GET /a%00 HTTP/1.1\r\nHost: mirror\r\nContent-Length: +4\r\n\r\n1234",
        post + "Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n0\r\n\r\n",
        start + "Content-Length: 5\r\n\r\n12345");
  }

  /** A refusal of the router leaves the connection in order, so the next request is answered. */
  @Test
  void a_refused_target_does_not_cost_the_connection() throws IOException {
    String bad = "GET /ac--me/open/resolve/main/a HTTP/1.1\r\nHost: mirror\r\n\r\n";
    Raw first = send(bad + get(FILE));
    assertThat(first.status()).isEqualTo(400);
    Raw second = Raw.parse(latin(first.rest()));
    assertThat(second.status()).isEqualTo(200);
    assertThat(second.body()).isEqualTo("{\"a\":1}\n");
  }

  /** A text of the client comes back in headers, cleaned. */
  @Test
  void an_echoed_revision_can_not_add_a_header() throws IOException {
    for (String revision : List.of("x%0d%0aInjected:%20yes", "x%0aInjected:%20yes", "%C2%85x")) {
      Raw raw = send(get("/acme/open/resolve/" + revision + "/config.json"));
      assertThat(raw.status()).isBetween(400, 404);
      assertThat(raw.head().toLowerCase(Locale.ROOT)).doesNotContain("\ninjected");
    }
  }

  /** What came in the Host header leads back in links and must not be markup or a second link. */
  @Test
  void a_host_that_is_none_is_not_echoed() throws IOException {
    Raw raw = send("GET / HTTP/1.1\r\nHost: evil<script>\r\nConnection: close\r\n\r\n");
    assertThat(raw.body()).doesNotContain("<script>");
  }

  /** RFC 9112 section 3.2.2: a proxy's form of the target is taken, by its path. */
  @Test
  void an_absolute_target_is_read_by_its_path() throws IOException {
    assertThat(send(get("http://mirror" + FILE)).status()).isEqualTo(200);
    // Whatever its scheme is, the mirror itself speaks plain HTTP only.
    assertThat(send(get("https://mirror")).body()).contains("HF_ENDPOINT=http://mirror\n");
  }
}
