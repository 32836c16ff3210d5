package io.intrahub.devhub;

import java.util.function.Predicate;

/** A fault in force. Its own lock guards its counts. */
public final class ScriptedFault {
  private final Predicate<Recorded> which;
  private final Chance chance;
  private final Fault fault;
  private int skip;
  private int left;
  private int hits;

  ScriptedFault(Predicate<Recorded> which, int skip, int times, Chance chance, Fault fault) {
    this.which = which;
    this.skip = skip;
    this.left = times;
    this.chance = chance;
    this.fault = fault;
  }

  /** How many requests it has hit. */
  public synchronized int hits() {
    return hits;
  }

  /** Takes it out of force. */
  public synchronized void remove() {
    left = 0;
  }

  Fault fault() {
    return fault;
  }

  synchronized boolean hit(Recorded request) {
    if (left == 0 || !which.test(request)) {
      return false;
    }
    if (skip > 0) {
      skip--;
      return false;
    }
    if (!chance.hits(request.path())) {
      return false;
    }
    left--;
    hits++;
    return true;
  }
}
