package io.intrahub.cli.doctor;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Runs checks in order. Each has a limit and all of them together too, so that a check-up ends
 * whatever hangs. For one thread.
 */
public final class Checkup {
  /** How long a check that was interrupted may take to remove its files. */
  private static final Duration CLEANING = Duration.ofSeconds(3);

  private final List<Check> checks;
  private final Duration total;

  /**
   * What one check found.
   *
   * @param name of the check
   * @param took how long it ran
   */
  public record Result(String name, Finding finding, Duration took) {}

  /**
   * Prepares it.
   *
   * @param total the limit of all checks together
   */
  public Checkup(List<Check> checks, Duration total) {
    this.checks = List.copyOf(checks);
    this.total = total;
  }

  /**
   * Runs all checks.
   *
   * @param found called with each result at once
   * @return whether no check failed
   */
  public boolean run(Consumer<Result> found) throws InterruptedException {
    long end = System.nanoTime() + total.toNanos();
    Set<String> without = new HashSet<>();
    boolean healthy = true;
    for (Check check : checks) {
      long begin = System.nanoTime();
      Optional<String> missing = check.needs().stream().filter(without::contains).findFirst();
      Finding finding;
      if (missing.isPresent()) {
        finding = Finding.skipped("\"" + missing.get() + "\" gave no good result");
      } else if (begin >= end) {
        finding = Finding.skipped("the checks before it took all of " + total.toSeconds() + " s");
      } else {
        finding = run(check, Math.min(check.limit().toNanos(), end - begin));
      }
      if (finding.status() == Finding.Status.FAILED || finding.status() == Finding.Status.SKIPPED) {
        without.add(check.name());
      }
      healthy &= finding.status() != Finding.Status.FAILED;
      found.accept(new Result(check.name(), finding, Duration.ofNanos(System.nanoTime() - begin)));
    }
    return healthy;
  }

  private static Finding run(Check check, long nanos) throws InterruptedException {
    FutureTask<Finding> task = new FutureTask<>(check::run);
    Thread thread = Thread.ofVirtual().name("doctor").start(task);
    try {
      return task.get(nanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException _) {
      thread.interrupt();
      thread.join(CLEANING);
      return Finding.failed(
          "no result within %.0f s".formatted(nanos / 1e9), check.adviceWhenLate());
    } catch (ExecutionException e) {
      throw new IllegalStateException("the check \"" + check.name() + "\" is broken", e.getCause());
    } finally {
      // Also when this thread is interrupted itself.
      thread.interrupt();
    }
  }
}
