package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.base.AddressRanges;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.config.Config;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.RepoPattern;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code intrahub verify}, done by a mirror in this process and without one. */
@Timeout(120)
class VerifyCommandTest {
  /** Larger than what is checked whenever it is opened. */
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(3, 1_300_000);

  private static final DevFile CONFIG = DevFile.text("{\"model_type\": \"bert\"}\n");
  private static final DevFile SECRET = DevFile.lfsGenerated(4, 300_000);

  @TempDir Path tmp;
  private MirrorUnderTest mirror;

  @BeforeEach
  void start() throws Exception {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror
        .hub()
        .repo("model", "acme/tiny")
        .commit("Add it", Map.of("config.json", CONFIG, "weights.bin", WEIGHTS));
    assertThat(get("acme/tiny", "config.json", "")).isNotEmpty();
    assertThat(get("acme/tiny", "weights.bin", "")).isNotEmpty();
    mirror.awaitIdle();
    mirror.mark();
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private byte[] get(String repo, String path, String token) throws IOException {
    return CommandRun.load(mirror, repo, path, token);
  }

  private CommandRun verify(String... arguments) {
    return verifyAt(mirror.app().adminUri().getPort(), arguments);
  }

  private CommandRun verifyAt(int adminPort, String... arguments) {
    return CommandRun.at(
        mirror,
        adminPort,
        Stream.concat(Stream.of("verify"), Stream.of(arguments)).toArray(String[]::new));
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

  @Test
  void a_running_mirror_finds_a_damaged_file_and_fetches_it_again() throws Exception {
    CommandRun sound = verify("--rate", "0");
    assertThat(sound.status()).as(sound.err()).isZero();
    assertThat(sound.out()).isEqualTo("Checked 2 files, 1.2 MiB: all are right.\n");
    damage(WEIGHTS);

    CommandRun ran = verify();

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.err())
        .isEqualTo(
            "intrahub: acme/tiny: weights.bin: the stored content is damaged and was moved to"
                + " quarantine; it was fetched again.\n");
    assertThat(ran.out()).isEqualTo("Checked 2 files, 1.2 MiB: 1 damaged.\n");
    assertThat(mirror.contentReads()).isNotEmpty();
    assertThat(mirror.data().resolve("quarantine")).isNotEmptyDirectory();
    mirror.mark();
    assertThat(get("acme/tiny", "weights.bin", "")).isEqualTo(WEIGHTS.allBytes());
    assertThat(mirror.contentReads()).isEmpty();
    assertThat(verify().status()).isZero();
  }

  @Test
  void a_mirror_that_sends_no_tokens_fetches_it_again_too_but_not_what_its_rules_refuse()
      throws Exception {
    mirror.close();
    mirror = serving(SiteAccess.of(Config.defaults().access(), false));
    damage(WEIGHTS);

    CommandRun ran = verify("--json");

    assertThat(ran.json().at("/damaged/0/refetched").asBoolean()).as(ran.out()).isTrue();
    assertThat(mirror.contentReads()).isNotEmpty();
    mirror.close();
    AccessRules forOneNetwork =
        AccessRules.of(
            List.of(
                new AccessRule(
                    Optional.of(AddressRanges.of(List.of("127.0.0.0/8"))),
                    List.of(),
                    List.of(RepoPattern.parse("acme/*").orElseThrow()),
                    false,
                    false)));
    SiteAccess none = SiteAccess.of(Config.defaults().access(), false);
    mirror =
        serving(
            new SiteAccess(
                AccessMode.SERVICE,
                forOneNetwork,
                Optional.empty(),
                Optional.empty(),
                none.grantTtl(),
                none.grantGrace()));
    damage(WEIGHTS);

    assertThat(verify("--json").json().at("/damaged/0/refetched").asBoolean(true)).isFalse();
    assertThat(mirror.contentReads()).isEmpty();
  }

  private MirrorUnderTest serving(SiteAccess site) throws Exception {
    MirrorUnderTest started =
        new MirrorUnderTest(
            tmp.resolve(site.mode().toString()), s -> s.withSite(site), DevHub.builder());
    started
        .hub()
        .repo("model", "acme/tiny")
        .commit("Add it", Map.of("config.json", CONFIG, "weights.bin", WEIGHTS));
    assertThat(CommandRun.load(started, "acme/tiny", "weights.bin", "")).isNotEmpty();
    started.awaitIdle();
    started.mark();
    return started;
  }

  @Test
  void what_cannot_be_fetched_now_is_fetched_by_the_next_request() throws Exception {
    mirror.hub().token("hf_alice", "alice");
    mirror
        .hub()
        .repo("model", "acme/secret")
        .visibility(Visibility.PRIVATE)
        .allow("hf_alice")
        .commit("Add it", "secret.bin", SECRET);
    assertThat(get("acme/secret", "secret.bin", "hf_alice")).isEqualTo(SECRET.allBytes());
    mirror.awaitIdle();
    damage(SECRET);

    CommandRun ran = verify("acme/secret", "--json");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.json().at("/files").asInt()).isEqualTo(1);
    assertThat(ran.json().at("/damaged/0/files/0/repo").asString()).isEqualTo("acme/secret");
    assertThat(ran.json().at("/damaged/0/files/0/path").asString()).isEqualTo("secret.bin");
    assertThat(ran.json().at("/damaged/0/refetched").asBoolean(true)).isFalse();
    assertThat(ran.json().at("/damaged/0/reason").asString()).isNotEmpty();
    mirror.mark();
    assertThat(get("acme/secret", "secret.bin", "hf_alice")).isEqualTo(SECRET.allBytes());
    assertThat(mirror.upstream(Route.CDN)).isNotEmpty();
  }

  @Test
  void a_repo_that_is_not_stored_and_a_wrong_rate_are_refused() {
    assertThat(verify("acme/none").status()).isEqualTo(ExitCode.NOT_FOUND.status());
    CommandRun ran = verify("--rate", "1KB/s");
    assertThat(ran.status()).isEqualTo(ExitCode.USAGE.status());
    assertThat(ran.err()).contains("--rate: '1KB/s' is not a rate of 1MB/s or more");
  }
}
