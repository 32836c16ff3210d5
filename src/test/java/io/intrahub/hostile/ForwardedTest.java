package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.AddressRanges;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.http.ClientLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code X-Forwarded-*} through the running mirror, from an address that is a trusted proxy's and
 * from one that is not. How limits follow {@code X-Forwarded-For} is in {@link ClientLimitsTest}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class ForwardedTest {
  private static final String PROXY = "127.0.0.2";
  private static final String OTHER = "127.0.0.3";
  private static final String PAGE = "/api/models/acme/open/tree/main?limit=2";
  private static final String SEARCH = "/api/models?author=acme&limit=1";
  private static final String BLOB = "/acme/open/blob/main/a.txt";

  /** Sent with every request, so that a link that leaves it is seen. */
  private static final String HOST = "Host: mirror";

  @TempDir static Path data;
  private Rig rig;

  @BeforeAll
  void start() throws Exception {
    rig =
        new Rig(
            data,
            s ->
                s.withClients(
                    new ClientLimits(1000, 1000, 1000, AddressRanges.of(List.of(PROXY)))));
    Map<String, DevFile> files = new LinkedHashMap<>();
    for (String name : List.of("a", "b", "c", "d", "e")) {
      files.put(name + ".txt", DevFile.text(name));
    }
    rig.hub.repo("model", "acme/open").commit("Add them", files);
    rig.hub.repo("model", "acme/second").commit("Add it", Map.of("a.txt", DevFile.text("a")));
    String hub = rig.hub.uri().toString();
    rig.hub
        .faults()
        .on(Route.OTHER_API)
        .status(
            200,
            Map.of(
                "Content-Type",
                "application/json; charset=utf-8",
                "Link",
                "<" + hub + "/api/models?limit=1&cursor=x>; rel=\"next\""),
            "[{\"id\":\"acme/open\",\"url\":\"" + hub + "/acme/open\"}]");
    rig.get(PAGE, Optional.empty());
  }

  @AfterAll
  void stop() {
    rig.close();
  }

  private record Answer(String head, String body) {
    String header(String name) {
      return head.lines()
          .filter(l -> l.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":"))
          .map(l -> l.substring(name.length() + 1).strip())
          .findFirst()
          .orElse("");
    }
  }

  private Answer get(String from, String target, String... headers) throws IOException {
    try (RawClient client = new RawClient(rig, from)) {
      StringBuilder request = new StringBuilder("GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n");
      for (String header : headers) {
        request.append(header).append("\r\n");
      }
      client.send(request.append("Connection: close\r\n\r\n").toString());
      return new Answer(client.head(), client.rest());
    }
  }

  private static final String[] OUTSIDE = {
    "X-Forwarded-For: 192.0.2.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: hub.example.org:8443",
    "X-Forwarded-Prefix: /hf"
  };

  @Test
  void links_of_a_listing_lead_where_the_client_of_a_trusted_proxy_asks() throws Exception {
    String link = get(PROXY, PAGE, OUTSIDE).header("Link");

    assertThat(link)
        .startsWith("<https://hub.example.org:8443/hf/api/models/acme/open/tree/main?")
        .endsWith(">; rel=\"next\"");
    // Following it as the proxy does, without the prefix, leads to the rest of the list.
    String next = link.substring(link.indexOf("/hf/") + 3, link.indexOf('>'));
    assertThat(get(PROXY, next, OUTSIDE).body()).contains("c.txt", "d.txt").doesNotContain("b.txt");
  }

  @Test
  void links_of_a_passed_on_answer_lead_there_too() throws Exception {
    Answer answer = get(PROXY, SEARCH, OUTSIDE);

    assertThat(answer.header("Link"))
        .isEqualTo("<https://hub.example.org:8443/hf/api/models?limit=1&cursor=x>; rel=\"next\"");
    assertThat(answer.body()).contains("\"url\":\"https://hub.example.org:8443/hf/acme/open\"");
    assertThat(answer.header("Cache-Control")).isEqualTo("private, no-store");
  }

  @Test
  void a_redirect_stays_below_the_prefix() throws Exception {
    assertThat(get(PROXY, BLOB, OUTSIDE).header("Location"))
        .isEqualTo("/hf/acme/open/resolve/main/a.txt");
    assertThat(get(PROXY, BLOB).header("Location")).isEqualTo("/acme/open/resolve/main/a.txt");
  }

  @Test
  void the_front_page_names_the_address_that_the_client_sees() throws Exception {
    Answer answer = get(PROXY, "/", OUTSIDE);

    assertThat(answer.body()).contains("HF_ENDPOINT=https://hub.example.org:8443/hf\n");
    assertThat(answer.header("Cache-Control")).isEqualTo("private, no-store");
  }

  /** Else a cache on the way could give the link of one client to all. */
  @Test
  void an_answer_with_a_link_of_the_mirrors_is_for_one_client_only() throws Exception {
    assertThat(get(OTHER, PAGE).header("Cache-Control")).isEqualTo("private, no-store");
    assertThat(get(OTHER, "/api/models/acme/open/tree/main").header("Cache-Control")).isEmpty();
  }

  @Test
  void each_header_counts_alone() throws Exception {
    assertThat(get(PROXY, PAGE, "X-Forwarded-Proto: https").header("Link"))
        .startsWith("<https://mirror/api/");
    assertThat(get(PROXY, PAGE, "X-Forwarded-Host: hub.example").header("Link"))
        .startsWith("<http://hub.example/api/");
    assertThat(get(PROXY, PAGE, "X-Forwarded-Prefix: /hf/").header("Link"))
        .startsWith("<http://mirror/hf/api/");
    assertThat(get(PROXY, PAGE, "X-Forwarded-For: 192.0.2.1").header("Link"))
        .startsWith("<http://mirror/api/");
  }

  @Test
  void nobody_else_moves_a_link() throws Exception {
    assertThat(get(OTHER, PAGE, OUTSIDE).header("Link")).startsWith("<http://mirror/api/");
    Answer search = get(OTHER, SEARCH, OUTSIDE);
    assertThat(search.header("Link")).startsWith("<http://mirror/api/models?");
    assertThat(search.body()).contains("\"url\":\"http://mirror/acme/open\"");
    assertThat(get(OTHER, BLOB, OUTSIDE).header("Location"))
        .isEqualTo("/acme/open/resolve/main/a.txt");
    assertThat(get(OTHER, "/", OUTSIDE).body()).contains("HF_ENDPOINT=http://mirror\n");
  }

  @Test
  void the_header_of_rfc_7239_moves_nothing() throws Exception {
    String forwarded = "Forwarded: for=192.0.2.1;proto=https;host=hub.example";
    assertThat(get(PROXY, PAGE, forwarded).header("Link")).startsWith("<http://mirror/api/");
  }

  static Stream<String> hostileHeaders() {
    return Stream.of(
        "X-Forwarded-For: unknown",
        "X-Forwarded-For: 192.0.2.1, [::1",
        "X-Forwarded-For: 192.0.2.1:99999999",
        "X-Forwarded-For: 192.0.2.1 127.0.0.2",
        "X-Forwarded-For: for=192.0.2.1",
        "X-Forwarded-For: <script>",
        "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: unknown",
        "X-Forwarded-Proto: javascript",
        "X-Forwarded-Proto: https, http",
        "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https",
        "X-Forwarded-Proto: https://evil.example",
        "X-Forwarded-Host: evil.example/path",
        "X-Forwarded-Host: user@evil.example",
        "X-Forwarded-Host: evil.example, mirror",
        "X-Forwarded-Host: evil.example\r\nX-Forwarded-Host: mirror",
        "X-Forwarded-Host: evil.example:99999",
        "X-Forwarded-Host: evil.example>; rel=\"next\"",
        "X-Forwarded-Host: [::1",
        "X-Forwarded-Host: evil\u00ff.example",
        "X-Forwarded-Prefix: //evil.example",
        "X-Forwarded-Prefix: /../x",
        "X-Forwarded-Prefix: /%0d%0aInjected:%20yes",
        "X-Forwarded-Prefix: /a, /b",
        "X-Forwarded-Prefix: hf",
        "X-Forwarded-Prefix: /hf?x=",
        "X-Forwarded-Prefix: /hf\r\nX-Forwarded-Prefix: /hf");
  }

  /** Told at once, because a link that leads astray would only look like a short list. */
  @Test
  @Tag("slow")
  void what_a_trusted_proxy_can_not_mean_is_refused_with_the_name_of_the_header() throws Exception {
    SoftAssertions softly = new SoftAssertions();
    for (String hostile : hostileHeaders().toList()) {
      String name = hostile.substring(0, hostile.indexOf(':'));
      for (String target : List.of(PAGE, BLOB, "/acme/open/resolve/main/a.txt", "/")) {
        Answer refused = get(PROXY, target, hostile);
        softly.assertThat(refused.head()).as(hostile).startsWith("HTTP/1.1 400 ");
        softly.assertThat(refused.header("X-Error-Message")).as(hostile).contains(name);
        softly
            .assertThat(refused.head() + refused.body())
            .as(hostile)
            .doesNotContain("evil", "script", "Location:", "Link:", "Injected");
        Answer served = get(OTHER, target, hostile);
        softly.assertThat(served.head()).as(hostile).doesNotStartWith("HTTP/1.1 4");
        softly.assertThat(served.head() + served.body()).as(hostile).doesNotContain("evil");
      }
    }
    softly.assertAll();
  }

  @Test
  void a_header_that_breaks_the_framing_is_refused_by_the_listener() throws Exception {
    for (String broken :
        List.of(
            "X-Forwarded-Host: a\rInjected: b",
            "X-Forwarded-Host: a\u0000b",
            "X-Forwarded-Proto: https\r\n folded")) {
      Answer refused = get(PROXY, PAGE, broken);
      assertThat(refused.head()).as(broken).startsWith("HTTP/1.1 400 ").doesNotContain("Injected");
    }
  }

  @Test
  void ten_thousand_addresses_are_too_long_a_head_and_a_thousand_are_walked() throws Exception {
    String tenThousand = "X-Forwarded-For: " + "192.0.2.1, ".repeat(10_000) + "192.0.2.2";
    assertThat(get(PROXY, PAGE, tenThousand).head()).startsWith("HTTP/1.1 431 ");
    String thousand = "X-Forwarded-For: " + "127.0.0.2, ".repeat(1_000) + "127.0.0.2";
    assertThat(get(PROXY, PAGE, thousand).head()).startsWith("HTTP/1.1 200 ");
  }

  /** A health check of the proxy's own comes without any of them. */
  @Test
  void a_request_of_the_proxy_itself_is_served() throws Exception {
    assertThat(get(PROXY, PAGE).header("Link")).startsWith("<http://mirror/api/");
    assertThat(get(PROXY, PAGE, "X-Forwarded-For:", "X-Forwarded-Host:").head())
        .startsWith("HTTP/1.1 200 ");
  }
}
