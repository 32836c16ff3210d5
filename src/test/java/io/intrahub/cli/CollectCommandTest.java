package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.devhub.DevFile;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code intrahub gc}, done by a mirror in this process and without one. */
@Timeout(120)
class CollectCommandTest {
  private static final DevFile OLD = DevFile.lfsGenerated(3, 400_000);
  private static final DevFile NEW = DevFile.lfsGenerated(4, 300_000);
  private static final DevFile OTHER = DevFile.lfsGenerated(5, 200_000);

  @TempDir Path tmp;
  private MirrorUnderTest mirror;

  /** A branch that moved on, and another repo that was loaded later. */
  @BeforeEach
  void start() throws Exception {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror.hub().repo("model", "acme/tiny").commit("Add it", Map.of("weights.bin", OLD));
    load("acme/tiny");
    mirror.hub().repo("model", "acme/tiny").commit("Change it", "weights.bin", NEW);
    mirror.pass(Duration.ofMinutes(20));
    load("acme/tiny");
    mirror.pass(Duration.ofMinutes(20));
    load("acme/tiny");
    mirror.pass(Duration.ofMinutes(1));
    mirror.hub().repo("model", "acme/other").commit("Add it", Map.of("weights.bin", OTHER));
    load("acme/other");
    mirror.pass(Duration.ofMinutes(10));
    assertThat(mirror.storedBlobs()).contains(OLD.etag(), NEW.etag(), OTHER.etag());
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private void load(String repo) throws Exception {
    assertThat(CommandRun.load(mirror, repo, "weights.bin", "")).isNotEmpty();
    mirror.awaitIdle();
  }

  private CommandRun gc(int adminPort, String... arguments) {
    return CommandRun.at(
        mirror,
        adminPort,
        Stream.concat(Stream.of("gc"), Stream.of(arguments)).toArray(String[]::new));
  }

  private void assertDryRunIsWhatHappens(int adminPort) {
    CommandRun planned = gc(adminPort, "--to", "400KB", "--dry-run", "--json");
    assertThat(planned.status()).as(planned.err()).isZero();
    assertThat(mirror.storedBlobs()).contains(OLD.etag(), NEW.etag(), OTHER.etag());
    assertThat(
            planned.json().at("/items").valueStream().map(item -> item.path("reason").asString()))
        .startsWith("superseded")
        .endsWith("least_recently_used");
    assertThat(planned.json().at("/items").valueStream().map(item -> item.path("name").asString()))
        .contains(OLD.etag(), NEW.etag())
        .doesNotContain(OTHER.etag());

    CommandRun ran = gc(adminPort, "--to", "400KB", "--json");

    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.json().path("items")).isEqualTo(planned.json().path("items"));
    assertThat(ran.json().path("bytes")).isEqualTo(planned.json().path("bytes"));
    assertThat(mirror.storedBlobs()).contains(OTHER.etag()).doesNotContain(OLD.etag(), NEW.etag());
  }

  @Test
  void a_running_mirror_evicts_what_a_dry_run_shows() throws Exception {
    int port = mirror.app().adminUri().getPort();
    CommandRun planned = gc(port, "--to", "800KB", "--dry-run");
    assertThat(planned.out().lines().toList())
        .anySatisfy(line ->
            assertThat(line).matches(" *390 KiB +20.*Z +superseded +acme/tiny: weights\\.bin"))
        .last()
        .asString()
        .startsWith("Would evict ");

    assertDryRunIsWhatHappens(port);

    assertThat(gc(port, "--to", "400KB").out()).startsWith("Nothing has to go: the store takes ");
    load("acme/tiny");
    assertThat(mirror.storedBlobs()).contains(NEW.etag());
  }

  @Test
  void without_a_mirror_the_folder_is_counted_and_nothing_goes_in_a_dry_run() {
    mirror.app().close();

    assertDryRunIsWhatHappens(0);
  }

  @Test
  void a_store_without_a_limit_has_no_watermark_but_an_order() {
    int port = mirror.app().adminUri().getPort();
    CommandRun ran = gc(port);
    assertThat(ran.status()).isEqualTo(ExitCode.USAGE.status());
    assertThat(ran.err()).contains("Name a size with --to");

    CommandRun order = gc(port, "--dry-run");

    assertThat(order.status()).as(order.err()).isZero();
    assertThat(order.out())
        .containsSubsequence("superseded", "acme/tiny: weights.bin", "acme/other: weights.bin")
        .contains("its size has no limit (store.max-size)");
    CommandRun json = gc(port, "--dry-run", "--json");
    assertThat(json.json().has("target")).isFalse();
    assertThat(json.json().path("removed").asBoolean(true)).isFalse();
    assertThat(mirror.storedBlobs()).contains(OLD.etag(), NEW.etag(), OTHER.etag());
  }

  @Test
  void the_size_is_repeated_in_the_unit_of_the_operator() {
    assertThat(gc(mirror.app().adminUri().getPort(), "--to", "100MB").out())
        .endsWith(", which is no more than 100 MB.\n");
    assertThat(Stream.of(500_000_000_000L, 2L << 40, 1_500_000L, 0L, 1L, 123_456_789_012L))
        .extracting(Amounts::exactly)
        .containsExactly("500 GB", "2 TiB", "1500 KB", "0 B", "1 B", "114 GiB");
  }

  @Test
  void what_cannot_be_reached_is_said() {
    CommandRun ran = gc(mirror.app().adminUri().getPort(), "--to", "1B", "--dry-run");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.err()).contains("the store does not come down to 1 B");
  }
}
