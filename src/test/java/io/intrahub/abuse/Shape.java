package io.intrahub.abuse;

import java.util.Locale;

/** One way to abuse the mirror: what no honest client does, or what no honest client repeats. */
interface Shape {
  /**
   * Abuses the mirror until the attack is over. What the mirror answers makes no difference: a
   * refusal is as good as an answer. Each shape is slow enough that two processors can do what it
   * asks for: what is to be seen is what it can make the mirror hold, lose or believe.
   */
  void run(Attack attack) throws InterruptedException;

  /** In words, for reports. */
  default String title() {
    return getClass().getSimpleName().replaceAll("(?<=.)([A-Z])", " $1").toLowerCase(Locale.ROOT);
  }
}
