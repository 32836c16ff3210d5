package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.cli.command.ExitCode;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.FreePorts;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code intrahub verify} while no mirror runs: it starts one to fetch damaged files again. */
@Timeout(120)
class VerifyAloneTest {
  private static final String OPEN = "acme/tiny";
  private static final String SECRET = "acme/secret";
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(3, 1_300_000);
  private static final DevFile HIDDEN = DevFile.lfsGenerated(4, 300_000);

  @TempDir Path tmp;
  private MirrorUnderTest mirror;

  @BeforeEach
  void start() throws Exception {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror.hub().token("hf_alice", "alice");
    mirror.hub().token("hf_bob", "bob");
    mirror.hub().repo("model", OPEN).commit("Add it", "weights.bin", WEIGHTS);
    mirror
        .hub()
        .repo("model", SECRET)
        .visibility(Visibility.PRIVATE)
        .allow("hf_alice")
        .commit("Add it", "hidden.bin", HIDDEN);
    assertThat(get(OPEN, "weights.bin", "")).isNotEmpty();
    assertThat(get(SECRET, "hidden.bin", "hf_alice")).isNotEmpty();
    mirror.awaitIdle();
    mirror.app().close();
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private byte[] get(String repo, String path, String token) throws IOException {
    return CommandRun.load(mirror, repo, path, token);
  }

  private void damage(DevFile file) throws IOException {
    Path stored;
    try (Stream<Path> files = Files.walk(mirror.data())) {
      stored = files.filter(path -> path.endsWith(file.etag())).findFirst().orElseThrow();
    }
    byte[] content = Files.readAllBytes(stored);
    content[content.length / 2] ^= 1;
    Files.delete(stored);
    Files.write(stored, content);
  }

  private CommandRun verify(String token, String options, String... arguments) throws Exception {
    Path file = tmp.resolve("intrahub.yaml");
    int free = FreePorts.next();
    Files.writeString(
        file,
        """
        admin:
          port: %d
        upstream:
          endpoints: http://127.0.0.1:%d#send-tokens
        %s
        """
            .formatted(free, mirror.hub().port(), options));
    return CommandRun.of(
        Map.of("HF_TOKEN", token, "HF_HOME", tmp.resolve("home").toString()),
        Stream.concat(
                Stream.of(
                    "verify", "--config", file.toString(), "--data", mirror.data().toString()),
                Stream.of(arguments))
            .toList());
  }

  private void expectStored(DevFile file, String repo, String path, String token)
      throws IOException {
    mirror.restart();
    mirror.mark();
    assertThat(get(repo, path, token)).isEqualTo(file.allBytes());
    assertThat(mirror.contentReads()).isEmpty();
  }

  @Test
  void what_everybody_may_read_is_fetched_again() throws Exception {
    assertThat(verify("", "").expectSuccess().out()).contains("all are right");
    damage(WEIGHTS);

    CommandRun ran = verify("", "");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.err())
        .isEqualTo(
            "intrahub: acme/tiny: weights.bin: the stored content is damaged and was moved to"
                + " quarantine; it was fetched again.\n");
    assertThat(verify("", "").status()).isZero();
    expectStored(WEIGHTS, OPEN, "weights.bin", "");
  }

  @Test
  void a_private_file_is_fetched_again_with_the_token_of_the_user_and_stays_private()
      throws Exception {
    damage(HIDDEN);

    CommandRun ran = verify("hf_alice", "", SECRET, "--json");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.json().at("/damaged/0/refetched").asBoolean()).as(ran.out()).isTrue();
    assertThat(ran.out() + ran.err()).doesNotContain("hf_alice");
    expectStored(HIDDEN, SECRET, "hidden.bin", "hf_alice");
    for (String token : List.of("", "hf_bob")) {
      assertThatThrownBy(() -> get(SECRET, "hidden.bin", token)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void a_token_that_may_not_read_it_fetches_nothing_and_the_reason_is_said() throws Exception {
    damage(HIDDEN);
    damage(WEIGHTS);

    CommandRun ran = verify("hf_bob", "");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.err().lines().toList())
        .anySatisfy(line -> assertThat(line).contains("weights.bin").contains("was fetched again"))
        .anySatisfy(line ->
            assertThat(line)
                .contains("hidden.bin")
                .contains("it could not be fetched again (Repository not found)")
                .contains("the next request for it tries that"));
  }

  @Test
  void a_token_that_the_hub_does_not_know_keeps_nobody_from_what_everybody_may_read()
      throws Exception {
    damage(WEIGHTS);

    CommandRun ran = verify("hf_unknown", "", "--json");

    assertThat(ran.json().at("/damaged/0/refetched").asBoolean()).as(ran.out()).isTrue();
  }

  @Test
  void the_limit_of_a_client_s_questions_does_not_stop_it() throws Exception {
    List<String> repos = List.of("acme/one", "acme/two", "acme/three");
    mirror.restart();
    for (String repo : repos) {
      mirror
          .hub()
          .repo("model", repo)
          .commit("Add it", "weights.bin", DevFile.lfsGenerated(repo.hashCode(), 300_000));
      assertThat(get(repo, "weights.bin", "")).isNotEmpty();
    }
    mirror.awaitIdle();
    mirror.app().close();
    for (String repo : repos) {
      damage(DevFile.lfsGenerated(repo.hashCode(), 300_000));
    }

    CommandRun ran = verify("", "clients:\n  cold-questions: 1", "--json");

    assertThat(ran.json().at("/damaged").findValuesAsString("refetched"))
        .as(ran.out())
        .containsExactly("true", "true", "true");
  }

  @Test
  void offline_nothing_is_fetched_and_the_reason_is_said() throws Exception {
    damage(WEIGHTS);

    CommandRun ran = verify("", "mode: offline", "--json");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.json().at("/damaged/0/refetched").asBoolean(true)).isFalse();
    assertThat(ran.json().at("/damaged/0/reason").asString()).contains("offline");
    mirror.restart();
    assertThat(get(OPEN, "weights.bin", "")).isEqualTo(WEIGHTS.allBytes());
  }

  @Test
  void in_mode_service_the_mirror_s_own_token_fetches_what_its_rules_allow() throws Exception {
    String service =
        """
        access:
          mode: service
          service-token: hf_alice
          rules:
            - clients: ["%s"]
              repos: ["acme/*"]
              private: true
        """;
    damage(HIDDEN);
    CommandRun refused = verify("", service.formatted("192.0.2.0/24"), SECRET, "--json");
    assertThat(refused.json().at("/damaged/0/refetched").asBoolean(true)).isFalse();

    // The next request for it, in the words of the message.
    expectMissingThenLoaded();
    damage(HIDDEN);
    CommandRun allowed = verify("", service.formatted("127.0.0.0/8"), SECRET, "--json");

    assertThat(allowed.json().at("/damaged/0/refetched").asBoolean()).as(allowed.out()).isTrue();
  }

  private void expectMissingThenLoaded() throws IOException {
    mirror.restart();
    mirror.mark();
    assertThat(get(SECRET, "hidden.bin", "hf_alice")).isEqualTo(HIDDEN.allBytes());
    assertThat(mirror.contentReads()).isNotEmpty();
    mirror.awaitIdle();
    mirror.app().close();
  }
}
