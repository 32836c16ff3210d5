package io.intrahub.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When a signal interrupts a command. {@code PullCommandIT} sends real ones. */
class StopSignalTest {
  private final StopSignal stop = new StopSignal();

  @AfterEach
  void close() {
    stop.close();
    // Whatever a test left must not reach the next one.
    var _ = Thread.interrupted();
  }

  @Test
  void one_that_comes_while_a_mirror_starts_interrupts_when_it_has_started() {
    stop.come();
    assertThat(Thread.currentThread().isInterrupted()).as("while it starts").isFalse();

    stop.interrupts(true);

    assertThat(Thread.interrupted()).as("when it has started").isTrue();
  }

  @Test
  void one_that_comes_during_the_work_interrupts_it_and_not_what_closes_afterwards() {
    stop.interrupts(true);
    stop.come();
    assertThat(Thread.currentThread().isInterrupted()).isTrue();

    stop.interrupts(false);

    assertThat(Thread.currentThread().isInterrupted()).as("while it closes").isFalse();
    stop.come();
    assertThat(Thread.currentThread().isInterrupted()).as("a second one").isFalse();
  }
}
