package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.TokenHash;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.RepoPattern;
import io.intrahub.store.fs.tokens.TokenFile;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Users log in with the Hub's command line tool, ask who they are, and load with the stored token.
 * With a wrong token they read what the Hub itself would tell them, whoever decides which tokens
 * there are.
 */
@ParameterizedClass
@FieldSource("CLIENTS")
class LoginIT {
  static final List<String> CLIENTS = PythonClient.VERSIONS;

  /** The last version whose tool is not called {@code hf}. */
  private static final String OLD = "hf-0.23.5";

  private static final String PRIVATE = "acme/private";
  private static final String ALICE = "hf_aliceAtHome";
  private static final String WRONG = "hf_wrongToken";
  private static final String SERVICE = "hf_serviceToken";

  @Parameter String client;
  @TempDir Path tmp;
  private PythonClient python;
  private MirrorUnderTest mirror;

  @BeforeEach
  void start() {
    python = new PythonClient(client, tmp);
    python.assumeAvailable();
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  private void start(UnaryOperator<AppSettings> change) {
    mirror = new MirrorUnderTest(tmp.resolve("data"), change, DevHub.builder());
    mirror.hub().token(ALICE, "alice");
    mirror.hub().token(SERVICE, "site");
    mirror
        .hub()
        .repo("model", PRIVATE)
        .visibility(Visibility.PRIVATE)
        .allow(ALICE, SERVICE)
        .commit("Add a model", Map.of("config.json", DevFile.text("{}")));
  }

  private String startService() throws Exception {
    AccessRule rule =
        new AccessRule(
            Optional.empty(),
            List.of("ci"),
            List.of(RepoPattern.parse("acme/*").orElseThrow()),
            true,
            true);
    Path secret = tmp.resolve("hub-token");
    SiteAccess site =
        new SiteAccess(
            AccessMode.SERVICE,
            AccessRules.of(List.of(rule)),
            Optional.of(secret),
            Optional.empty(),
            Duration.ofMinutes(5),
            Duration.ofHours(1));
    String text = LocalToken.newText(new Random(1));
    Files.writeString(secret, SERVICE);
    start(s -> s.withSite(site));
    LocalToken ci =
        new LocalToken(
            "ci", TokenHash.of(text), mirror.clock().instant(), Optional.empty(), List.of());
    TokenFile.of(mirror.data()).<RuntimeException>change(table -> table.with(ci));
    // Until the mirror looks at the list again.
    mirror.pass(Duration.ofSeconds(1));
    return text;
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_user_logs_in_with_a_token_of_the_hub_and_reads_what_it_allows() throws IOException {
    start(UnaryOperator.identity());
    expectLogin(ALICE, "alice");
    assertThat(mirror.upstream(Route.WHOAMI))
        .isNotEmpty()
        .allMatch(r -> r.authorization().equals(Optional.of("Bearer " + ALICE)));
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_wrong_token_gets_the_words_of_the_hub() {
    start(UnaryOperator.identity());
    expectRefusedAsByTheHub(WRONG);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_user_logs_in_with_a_local_token_and_no_token_of_theirs_reaches_the_hub() throws Exception {
    String local = startService();
    expectLogin(local, "ci");
    assertThat(mirror.upstream(Route.WHOAMI)).isEmpty();
    assertThat(mirror.upstream())
        .isNotEmpty()
        .allMatch(r -> r.authorization().filter(a -> !a.equals("Bearer " + SERVICE)).isEmpty());
    for (String token : List.of(ALICE, WRONG)) {
      expectRefusedAsByTheHub(token);
    }
    assertThat(mirror.upstream())
        .noneMatch(r -> r.authorization().equals(Optional.of("Bearer " + ALICE)));
  }

  private void expectLogin(String token, String user) throws IOException {
    PythonClient.Call login = python.call().endpoint(mirror.uri());
    login.hf(arguments("login", "--token", token)).expectSuccess();
    Path home = login.home();
    assertThat(Files.readString(home.resolve("token"))).isEqualTo(token);

    PythonClient.Call whoami = python.call().endpoint(mirror.uri()).inHome(home);
    assertThat(whoami.hf(arguments("whoami")).expectSuccess().stdout()).contains(user);

    PythonClient.Call load = python.call().endpoint(mirror.uri()).inHome(home);
    assertThat(load.script("snapshots.py", PRIVATE).expectSuccess().json().get(PRIVATE).toString())
        .contains("config.json");
  }

  private void expectRefusedAsByTheHub(String token) {
    for (String command : List.of("login", "whoami")) {
      String seen = attempt(mirror.uri(), command, token);
      // A token that the Hub does not know: in mode service the mirror knows none of the Hub's.
      assertThat(seen).as(command).isEqualTo(attempt(mirror.hub().uri(), command, WRONG));
      // The oldest tool has words of its own for it.
      assertThat(seen)
          .as(command)
          .contains(client.equals(OLD) ? "Invalid" : "Invalid credentials in Authorization header");
    }
  }

  /** What a user sees who comes with a wrong token. */
  private String attempt(URI endpoint, String command, String token) {
    // Without it the newer tools keep the message of the Hub to themselves.
    PythonClient.Call call = python.call().endpoint(endpoint).env("HF_DEBUG", "1");
    ClientResult result =
        command.equals("login")
            ? call.hf(arguments(command, "--token", token))
            : call.token(token).hf(arguments(command));
    assertThat(call.home().resolve("token")).doesNotExist();
    return (result.exitCode() + " " + result.stdout() + result.stderr())
        .replace(endpoint.getAuthority(), "AUTHORITY")
        .replaceAll("\\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\b", "NUMBER")
        .replaceAll("Request ID: [^)\\s]*", "Request ID");
  }

  private String[] arguments(String command, String... options) {
    List<String> all = new ArrayList<>(client.equals(OLD) ? List.of() : List.of("auth"));
    all.add(command);
    all.addAll(List.of(options));
    return all.toArray(String[]::new);
  }
}
