package io.intrahub.cli.doctor;

import io.intrahub.cli.command.Amounts;

/**
 * Whether the limit of the container, or else the memory of the machine, holds the heap, the
 * buffers and the JVM itself.
 */
public final class MemoryCheck implements Check {
  /** What the JVM takes besides heap and buffers: code, classes, stacks, collector. */
  private static final long OF_THE_JVM = 192L << 20;

  private final Memory memory;

  /**
   * Amounts of memory, in bytes.
   *
   * @param available the limit of the container (cgroup v1 or v2), or the memory of the machine
   * @param heap the largest heap ({@code -Xmx})
   * @param direct the most memory outside the heap that Java hands out for buffers
   * @param buffers {@code memory.buffers} and {@code memory.fetch-buffers} together
   * @param budget {@code memory.budget}
   */
  public record Memory(long available, long heap, long direct, long buffers, long budget) {}

  public MemoryCheck(Memory memory) {
    this.memory = memory;
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public String adviceWhenLate() {
    return "";
  }

  @Override
  public Finding run() {
    long needed = memory.heap() + memory.buffers() + OF_THE_JVM;
    String summary =
        "%s available; heap %s, buffers %s, JVM about %s"
            .formatted(
                Amounts.size(memory.available()),
                Amounts.size(memory.heap()),
                Amounts.size(memory.buffers()),
                Amounts.size(OF_THE_JVM));
    if (memory.buffers() > memory.direct()) {
      return Finding.failed(
          summary + "; Java hands out only " + Amounts.size(memory.direct()) + " for buffers",
          "Lower memory.buffers and memory.fetch-buffers, or raise -XX:MaxDirectMemorySize in"
              + " INTRAHUB_JAVA_OPTS.");
    }
    if (memory.budget() > memory.heap() / 2) {
      return Finding.failed(
          summary + "; memory.budget is " + Amounts.size(memory.budget()),
          "It is taken from the heap: lower memory.budget, or raise -Xmx in INTRAHUB_JAVA_OPTS.");
    }
    return needed <= memory.available()
        ? Finding.ok(summary)
        : Finding.warning(
            summary,
            "The kernel may kill the mirror: raise the memory limit of the container to "
                + Amounts.size(needed)
                + ", or lower -Xmx in INTRAHUB_JAVA_OPTS.");
  }
}
