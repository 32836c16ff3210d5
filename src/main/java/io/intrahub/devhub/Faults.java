package io.intrahub.devhub;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** The script of faults. All matching faults apply to a request. Safe for all threads. */
public final class Faults {
  private final List<ScriptedFault> script = new CopyOnWriteArrayList<>();
  private final List<Stall> stalls = new CopyOnWriteArrayList<>();

  Faults() {}

  /** Starts a rule for requests of these routes. */
  public FaultRule on(Route first, Route... more) {
    Set<Route> routes = EnumSet.of(first, more);
    return new FaultRule(this, routes);
  }

  /** Starts a rule for every request. */
  public FaultRule everywhere() {
    return new FaultRule(this, EnumSet.allOf(Route.class));
  }

  /** Removes all faults and resumes everything that was stopped. */
  public void clear() {
    script.clear();
    stalls.forEach(Stall::release);
    stalls.clear();
  }

  ScriptedFault add(ScriptedFault fault) {
    script.add(fault);
    return fault;
  }

  void add(Stall stall) {
    stalls.add(stall);
  }

  FaultPlan planFor(Recorded request) {
    FaultPlan plan = new FaultPlan();
    script.stream().filter(f -> f.hit(request)).map(ScriptedFault::fault).forEach(plan::add);
    return plan;
  }
}
