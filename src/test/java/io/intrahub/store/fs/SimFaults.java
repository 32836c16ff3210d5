package io.intrahub.store.fs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Which call to a {@link SimDisk} fails, and which is the last one of the process. */
final class SimFaults {
  /** Unwinds the stack of a killed process; product code must not catch it. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;

    Killed(String what) {
      super("killed " + what, null, false, false);
    }
  }

  private int untilDeath = Integer.MAX_VALUE;
  private boolean dead;
  private Optional<SimStore.Call> fails = Optional.empty();
  private int untilFailure;
  private int failures;
  private int harmful;

  /** The N-th call from now, counted from 1, is the last one of the process. */
  void dieAt(int n) {
    untilDeath = n;
  }

  /** The N-th call of a sort from now, counted from 1, fails. */
  void failAt(SimStore.Call sort, int n) {
    fails = Optional.of(sort);
    untilFailure = n;
  }

  /** Nothing fails any more. */
  void heal() {
    fails = Optional.empty();
    untilDeath = Integer.MAX_VALUE;
  }

  /** What comes now comes from another process. */
  void kill() {
    dead = false;
    heal();
  }

  int failures() {
    return failures;
  }

  int harmful() {
    return harmful;
  }

  void requireAlive() {
    if (dead) {
      throw new Killed("before");
    }
  }

  /** Every call that changes something or reads content comes here first. */
  void step(SimStore.Call sort, Path path) throws IOException {
    requireAlive();
    if (--untilDeath == 0) {
      dead = true;
      throw new Killed("in %s of %s".formatted(sort, path));
    }
    if (fails.isPresent() && fails.get() == sort && --untilFailure <= 0) {
      fails = Optional.empty();
      failures++;
      harmful += sort == SimStore.Call.WRITE ? 0 : 1;
      throw new IOException(
          sort + " " + path.getFileName() + ": scripted (No space left on device)");
    }
  }
}
