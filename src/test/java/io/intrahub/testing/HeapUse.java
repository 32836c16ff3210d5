package io.intrahub.testing;

import java.lang.management.ManagementFactory;
import java.util.Locale;

/** What something takes of the heap, for a process of its own that does nothing else. */
public final class HeapUse {
  private static final int COLLECTIONS = 3;

  private HeapUse() {}

  /**
   * Fills a cache and prints a line with its name, the bytes that it may take and those it takes.
   *
   * @param fill what fills it; what it fills must be held by something that outlives this call
   */
  public static void print(String name, long allowed, Runnable fill) {
    long before = used();
    fill.run();
    long after = used();
    System.out.printf(Locale.ROOT, "%s %d %d%n", name, allowed, after - before);
  }

  private static long used() {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
