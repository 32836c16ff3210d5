package io.intrahub.transfer.core;

/**
 * Something that is under way in a simulation: what a thread would do. It is asked for one step at
 * a time, and anything may happen between two of them.
 */
abstract class SimActor {
  /** When it can go on, in nanoseconds of the clock. */
  long readyAt;

  /** It is over, and asked no more. */
  boolean done;

  abstract void step();
}
