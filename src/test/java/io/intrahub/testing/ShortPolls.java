package io.intrahub.testing;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.pollinterval.IterativePollInterval;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestPlan;

/**
 * Has tests that await a condition look at it at once and then ever less often. Awaitility's own
 * first look comes after 100 ms, and many hundreds of tests wait for a millisecond or less. They
 * give up late, too: on a busy machine what takes a millisecond may take many seconds.
 */
public final class ShortPolls implements TestExecutionListener {
  private static final Duration LONGEST = Duration.ofMillis(100);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @Override
  public void testPlanExecutionStarted(TestPlan plan) {
    Awaitility.setDefaultTimeout(PATIENCE);
    Awaitility.setDefaultPollDelay(Duration.ZERO);
    Awaitility.setDefaultPollInterval(
        IterativePollInterval.iterative(ShortPolls::next, Duration.ofMillis(1)));
  }

  private static Duration next(Duration last) {
    Duration twice = last.multipliedBy(2);
    return twice.compareTo(LONGEST) < 0 ? twice : LONGEST;
  }
}
