package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.admin.OperatorJobs.Admission;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.OperatorKey;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which signed requests a mirror does, and how often. */
class JobChallengesTest {
  private static final byte[] REQUEST = "{\"dryRun\":false}".getBytes(StandardCharsets.UTF_8);

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
  private OperatorKey key;
  private JobChallenges challenges;

  @BeforeEach
  void open() throws Exception {
    FsStore.open(
            folder.resolve("data"), new SettableClock(), DiskBudgetSettings.DEFAULT, Runnable::run)
        .close();
    key = OperatorKey.read(folder.resolve("data")).orElseThrow();
    challenges = process(1);
  }

  private JobChallenges process(long seed) {
    return new JobChallenges(key, nanos::get, new Random(seed));
  }

  private Admission send(JobChallenges to, String challenge) {
    return to.admit("rm", REQUEST, challenge, key.sign("rm", challenge, REQUEST));
  }

  @Test
  void a_request_counts_once() {
    String challenge = challenges.next();

    assertThat(send(challenges, challenge)).isEqualTo(Admission.ADMITTED);
    assertThat(send(challenges, challenge)).isEqualTo(Admission.EXPIRED);
    assertThat(send(challenges, challenges.next())).isEqualTo(Admission.ADMITTED);
  }

  @Test
  void a_request_counts_for_a_minute_and_for_one_process() {
    String early = challenges.next();
    String late = challenges.next();
    nanos.addAndGet(JobChallenges.VALID_NANOS);
    assertThat(send(challenges, early)).isEqualTo(Admission.ADMITTED);
    nanos.addAndGet(1);
    assertThat(send(challenges, late)).isEqualTo(Admission.EXPIRED);

    assertThat(send(process(2), challenges.next())).isEqualTo(Admission.EXPIRED);
    assertThat(send(challenges, "f".repeat(32))).isEqualTo(Admission.EXPIRED);
  }

  @Test
  void a_signature_is_good_for_its_job_challenge_and_request_only() {
    String challenge = challenges.next();
    String other = challenges.next();
    byte[] changed = "{\"dryRun\":true}".getBytes(StandardCharsets.UTF_8);
    String signature = key.sign("rm", challenge, REQUEST);

    assertThat(challenges.admit("gc", REQUEST, challenge, signature)).isEqualTo(Admission.FORGED);
    assertThat(challenges.admit("rm", changed, challenge, signature)).isEqualTo(Admission.FORGED);
    assertThat(challenges.admit("rm", REQUEST, other, signature)).isEqualTo(Admission.FORGED);
    assertThat(challenges.admit("rm", REQUEST, "", "")).isEqualTo(Admission.FORGED);
    assertThat(challenges.admit("rm", REQUEST, challenge, signature)).isEqualTo(Admission.ADMITTED);
  }

  @Test
  void whoever_asks_for_challenges_takes_no_more_than_a_bounded_memory() {
    String first = challenges.next();
    String second = challenges.next();
    for (int i = 0; i < JobChallenges.LIMIT - 1; i++) {
      assertThat(challenges.next()).hasSize(32);
    }

    assertThat(send(challenges, first)).isEqualTo(Admission.EXPIRED);
    assertThat(send(challenges, second)).isEqualTo(Admission.ADMITTED);
  }
}
