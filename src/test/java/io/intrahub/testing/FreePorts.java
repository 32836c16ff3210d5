package io.intrahub.testing;

import io.intrahub.devhub.HeldPort;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Ports of this machine on which nobody listens. */
public final class FreePorts {
  private static final Queue<HeldPort> HELD = new ConcurrentLinkedQueue<>();

  private FreePorts() {}

  /**
   * One that nobody else gets while this process lives: connections to it are refused until the
   * test starts a listener there.
   */
  public static int next() {
    HeldPort port = new HeldPort("127.0.0.1", 0);
    HELD.add(port);
    return port.number();
  }
}
