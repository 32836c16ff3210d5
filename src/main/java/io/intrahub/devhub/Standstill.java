package io.intrahub.devhub;

/**
 * Where all answers stop before their next write while a test looks at the connections. Its own
 * lock guards it.
 */
final class Standstill {
  private boolean held;

  /** Waits until writing is allowed. */
  synchronized void pass() throws InterruptedException {
    while (held) {
      wait();
    }
  }

  synchronized void hold() {
    held = true;
  }

  synchronized void release() {
    held = false;
    notifyAll();
  }
}
