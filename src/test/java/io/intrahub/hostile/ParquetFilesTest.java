package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.base.AddressRanges;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.http.ClientLimits;
import io.intrahub.hub.RepoPattern;
import io.intrahub.upstream.hub.EndpointSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The Parquet files of a dataset, which the Hub lists with addresses of its API. It redirects each
 * of them to the file itself (HP 5.6).
 */
class ParquetFilesTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");
  private static final String SERVICE = "hf_service";
  private static final String LISTED = "/api/datasets/acme/open/parquet";
  private static final String LARGE = LISTED + "/default/train/0.parquet";
  private static final String RESOLVED =
      "/datasets/acme/open/resolve/refs%2Fconvert%2Fparquet/default/train/0000.parquet";
  private static final String SECRET = LARGE.replace("open", "secret");
  private static final DevFile ROWS = DevFile.lfsGenerated(5, 300_000);
  private static final DevFile FEW = DevFile.text("few rows");

  @TempDir Path tmp;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    start(UnaryOperator.identity());
  }

  private void start(UnaryOperator<AppSettings> change) throws Exception {
    rig = new Rig(tmp.resolve("data"), change);
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
    rig.hub.token(SERVICE, "site");
    for (String name : List.of("acme/open", "acme/secret")) {
      DevRepo repo = rig.hub.repo("dataset", name);
      repo.commit("Add it", "a.csv", DevFile.text("a,b"));
      String converted =
          repo.commit(
              "converted",
              "Convert it",
              Map.of("default/train/0000.parquet", ROWS, "default/train/0001.parquet", FEW));
      repo.ref("refs/convert/parquet", converted).deleteRef("refs/heads/converted");
    }
    rig.hub
        .repo("dataset", "acme/secret")
        .visibility(Visibility.PRIVATE)
        .allow(ALICE.get(), SERVICE);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private List<Recorded> calls(String path) {
    rig.settle();
    await().until(() -> rig.hub.log().stream().allMatch(Recorded::done));
    return rig.hub.log().stream().filter(call -> call.path().equals(path)).toList();
  }

  /** Loads as clients do: redirects are followed with the same token. */
  private Rig.Answer load(String method, String target, Optional<String> token) {
    Rig.Answer answer = rig.send(rig.app().uri(), new Rig.Call(method, target, "", ""), token);
    while (answer.status() == 302) {
      String location = answer.header("location").orElseThrow();
      answer = rig.send(rig.app().uri(), new Rig.Call(method, location, "", ""), token);
    }
    return answer;
  }

  private Rig.Answer load(String target, Optional<String> token) {
    return load("GET", target, token);
  }

  @ParameterizedTest
  @CsvSource({"0, 0000", "1, 0001"})
  void a_listed_file_is_redirected_to_the_file_which_is_stored(String number, String name)
      throws Exception {
    DevFile file = number.equals("0") ? ROWS : FEW;
    String listed = LARGE.replace("0.parquet", number + ".parquet");
    String resolved = RESOLVED.replace("0000", name);
    assertThat(rig.get(LISTED, NOBODY).text()).contains(rig.app().uri() + LARGE);

    Rig.Answer redirect = rig.get(listed, NOBODY);
    assertThat(redirect.status()).as(redirect.text()).isEqualTo(302);
    assertThat(redirect.header("location")).hasValue(resolved);
    assertThat(redirect.body()).isEmpty();
    Rig.Answer head = load("HEAD", listed, NOBODY);
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("content-length")).hasValue(Long.toString(file.size()));

    Rig.Answer cold = load(listed, NOBODY);
    assertThat(cold.status()).as(cold.text()).isEqualTo(200);
    assertThat(cold.body()).isEqualTo(file.allBytes());
    assertThat(cold.header("etag")).hasValue('"' + file.etag() + '"');
    rig.settle();
    long before = rig.hub.counters().requests();
    Rig.Answer warm = load(listed, NOBODY);
    assertThat(warm.body()).isEqualTo(file.allBytes());
    assertThat(warm.header("cache-status"))
        .hasValueSatisfying(label -> assertThat(label).startsWith("intrahub; hit"));
    assertThat(rig.hub.counters().requests()).isEqualTo(before);
  }

  /** Readers of Parquet ask for many ranges, each at the address that they were given. */
  @Test
  void the_hub_is_asked_for_the_redirect_once_a_minute() {
    for (int n = 0; n < 5; n++) {
      assertThat(load(LARGE, NOBODY).status()).isEqualTo(200);
    }
    assertThat(calls(LARGE)).hasSize(1);
    rig.clock.pass(Duration.ofSeconds(61));
    load(LARGE, NOBODY);
    assertThat(calls(LARGE)).hasSize(2);
  }

  @Test
  void while_the_hub_is_away_a_loaded_file_is_found_by_its_listed_address() {
    load(LARGE, NOBODY);
    load(SECRET, ALICE);
    rig.settle();
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(30));

    Rig.Answer redirect = rig.get(LARGE, NOBODY);
    assertThat(redirect.status()).isEqualTo(302);
    assertThat(redirect.header("x-hf-warning"))
        .hasValueSatisfying(text -> assertThat(text).contains("can't be reached"));
    assertThat(load(LARGE, NOBODY).body()).isEqualTo(ROWS.allBytes());
    assertThat(load(SECRET, ALICE).body()).isEqualTo(ROWS.allBytes());
    assertThat(load(SECRET, BOB).status()).isGreaterThanOrEqualTo(400);
    assertThat(load(SECRET, NOBODY).status()).isGreaterThanOrEqualTo(400);
  }

  /** Redirects are in memory; the file is on the disk, under its own address. */
  @Test
  void after_a_restart_during_an_outage_only_the_address_of_the_file_leads_to_it() {
    load(LARGE, NOBODY);
    rig.settle();
    rig.hub.goDark();
    rig.restart();
    assertThat(rig.get(LARGE, NOBODY).status()).isEqualTo(504);
    assertThat(load(RESOLVED, NOBODY).body()).isEqualTo(ROWS.allBytes());
  }

  @Test
  void nobody_is_told_where_a_file_is_that_he_may_not_read() {
    assertThat(load(SECRET, ALICE).body()).isEqualTo(ROWS.allBytes());
    for (int n = 0; n < 2; n++) {
      for (Optional<String> client : List.of(BOB, NOBODY)) {
        Rig.Answer refused = rig.get(SECRET, client);
        assertThat(refused.status()).isEqualTo(client.isPresent() ? 404 : 401);
        assertThat(refused.header("location")).isEmpty();
      }
    }
    assertThat(rig.get(SECRET, ALICE).header("cache-control")).hasValue("private, no-store");
  }

  @Test
  void rules_decide_about_the_files_too() throws Exception {
    stop();
    Path token = Files.writeString(tmp.resolve("hub-token"), SERVICE);
    AccessRule all =
        new AccessRule(
            Optional.of(AddressRanges.of(List.of("127.0.0.0/8"))),
            List.of(),
            List.of(RepoPattern.parse("datasets/acme/*").orElseThrow()),
            false,
            true);
    start(s ->
        s.withSite(
            new SiteAccess(
                AccessMode.SERVICE,
                AccessRules.of(List.of(all)),
                Optional.of(token),
                Optional.empty(),
                Duration.ofMinutes(5),
                Duration.ofHours(1))));
    assertThat(load(SECRET, NOBODY).body()).isEqualTo(ROWS.allBytes());
    assertThat(load(LARGE, NOBODY).body()).isEqualTo(ROWS.allBytes());
    Rig.Answer refused = rig.get(LARGE.replace("acme/open", "other/open"), NOBODY);
    assertThat(refused.status()).isEqualTo(403);
  }

  /** Servers that pass the Hub on often leave its own name in addresses. */
  @ParameterizedTest
  @ValueSource(strings = {"", "HUB", "https://hub.example"})
  void a_redirect_may_be_relative_or_name_the_hub(String origin) {
    String location = origin.replace("HUB", rig.hub.uri().toString()) + RESOLVED + "?download=true";
    rig.hub
        .faults()
        .everywhere()
        .path("/parquet/")
        .always()
        .status(302, Map.of("Location", location), "");
    assertThat(rig.get(LARGE, NOBODY).header("location")).hasValue(RESOLVED);
    assertThat(calls(RESOLVED)).isEmpty();
  }

  @Test
  void a_redirect_to_another_server_is_an_error() {
    for (String location :
        List.of(
            "https://hub.example/datasets/other/x/resolve/main/a.parquet",
            "https://hub.example/a.parquet",
            rig.hub.uri() + "/nowhere")) {
      rig.hub.faults().clear();
      rig.hub.expectUnknownRoutes();
      rig.hub
          .faults()
          .everywhere()
          .path("/parquet/")
          .always()
          .status(302, Map.of("Location", location), "");
      Rig.Answer answer = rig.get(LARGE, NOBODY);
      assertThat(answer.status()).as(location).isGreaterThanOrEqualTo(400);
      assertThat(answer.header("location")).as(location).isEmpty();
    }
  }

  @Test
  void a_renamed_dataset_has_its_files_under_both_names() {
    rig.hub.repo("dataset", "acme/open").renamedFrom("acme/before");
    Rig.Answer redirect = rig.get(LARGE.replace("open", "before"), NOBODY);
    assertThat(redirect.header("location")).hasValue(RESOLVED);
  }

  @Test
  void behind_a_proxy_the_address_stays_below_its_prefix() throws Exception {
    stop();
    AddressRanges proxy = AddressRanges.of(List.of("127.0.0.1"));
    start(s -> s.withClients(new ClientLimits(1000, 1000, 1000, proxy)));
    String head =
        new String(
            rig.wire(
                ("GET "
                        + LARGE
                        + " HTTP/1.1\r\nHost: x\r\nX-Forwarded-Prefix: /hf\r\n"
                        + "Connection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII)),
            StandardCharsets.UTF_8);
    assertThat(head).contains("\r\nLocation: /hf" + RESOLVED + "\r\n");
  }

  @Test
  void a_mirror_behind_another_one_stores_and_verifies_the_file() {
    UnaryOperator<AppSettings> behind =
        s ->
            s.withUpstream(
                s.upstream().withEndpoints(List.of(EndpointSettings.trusted(rig.app().uri()))));
    try (Rig outer = new Rig(tmp.resolve("outer"), behind)) {
      Rig.Answer redirect = outer.get(LARGE, NOBODY);
      assertThat(redirect.status()).as(redirect.text()).isEqualTo(302);
      assertThat(redirect.header("location")).hasValue(RESOLVED);
      assertThat(outer.get(RESOLVED, NOBODY).body()).isEqualTo(ROWS.allBytes());
      outer.settle();
      assertThat(rig.hub.counters().requests(Route.CDN)).isEqualTo(1);
      rig.hub.goDark();
      assertThat(outer.get(RESOLVED, NOBODY).header("cache-status"))
          .hasValueSatisfying(label -> assertThat(label).startsWith("intrahub; hit"));
    }
  }
}
