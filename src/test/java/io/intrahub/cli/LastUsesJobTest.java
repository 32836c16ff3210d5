package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.store.Maintenance;
import io.intrahub.store.StoreUsage;
import io.intrahub.store.fs.OperatorKey;
import io.intrahub.testing.MirrorUnderTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code intrahub ls} and {@code intrahub du} beside a running mirror. */
@Timeout(60)
class LastUsesJobTest {
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(3, 4_000);
  private static final int NO_MIRROR = 0;

  @TempDir Path tmp;
  private MirrorUnderTest mirror;

  /** The file is older than its last use, as it is long after the download. */
  @BeforeEach
  void start() throws Exception {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror.hub().repo("model", "acme/tiny").commit("Add it", Map.of("weights.bin", WEIGHTS));
    load();
    try (Stream<Path> files = Files.walk(mirror.data())) {
      Path stored = files.filter(file -> file.endsWith(WEIGHTS.etag())).findFirst().orElseThrow();
      Files.setLastModifiedTime(stored, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
    }
    mirror.pass(Duration.ofHours(1));
    load();
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private void load() throws IOException {
    assertThat(CommandRun.load(mirror, "acme/tiny", "weights.bin", "")).isNotEmpty();
    mirror.awaitIdle();
  }

  private CommandRun run(int adminPort, String typed) {
    return CommandRun.at(mirror, adminPort, typed.split(" "));
  }

  private int listener() {
    return mirror.app().adminUri().getPort();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ls", "ls --json", "du --json"})
  void the_last_use_that_the_running_mirror_knows_is_shown(String typed) {
    String now = mirror.clock().instant().toString();
    assertThat(run(NO_MIRROR, typed).expectSuccess().out()).doesNotContain(now);

    assertThat(run(listener(), typed).expectSuccess().out()).contains("acme/tiny", now);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ls",
        "ls --json",
        "ls acme/tiny",
        "ls acme/tiny --json",
        "ls acme/none",
        "ls acme/tiny@v1 --json",
        "du",
        "du --json"
      })
  void the_output_is_the_same_with_and_without_the_mirror(String typed) {
    CommandRun asked = run(listener(), typed);

    assertThat(run(NO_MIRROR, typed)).isEqualTo(asked);
    mirror.close();
    assertThat(run(NO_MIRROR, typed)).as("after it was stopped").isEqualTo(asked);
  }

  /** While the first request saves, another one comes: it must not be refused. */
  @Test
  void several_users_list_the_store_at_the_same_time() throws Exception {
    NestedRequest nested = new NestedRequest();
    try (ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor()) {
      nested.jobs =
          new MirrorJobs(
              List.of(new LastUsesJob(ListCommand.NAME, nested)),
              new JobChallenges(
                  OperatorKey.read(mirror.data()).orElseThrow(), () -> 0, new Random(1)),
              Runnable::run,
              timer);

      String outer = nested.request();

      assertThat(nested.inner).contains("\"complete\":true").doesNotContain("stopped");
      assertThat(outer).isEqualTo(nested.inner);
    }
  }

  /** A store that gets a second request while it saves for the first one. */
  private static final class NestedRequest implements Maintenance {
    private MirrorJobs jobs;
    private boolean isSaving;
    private String inner = "";

    String request() throws IOException {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      jobs.run(ListCommand.NAME, new byte[0], out);
      return out.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void saveLastUses() {
      if (!isSaving) {
        isSaving = true;
        try {
          inner = request();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }

    @Override
    public void scan() {}

    @Override
    public void tidy() {}

    @Override
    public void deleteGrantsOlderThan(Duration life) {}

    @Override
    public StoreUsage usage() {
      throw new UnsupportedOperationException();
    }
  }
}
