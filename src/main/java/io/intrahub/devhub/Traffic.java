package io.intrahub.devhub;

import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Handles every request: records it, inspects it, applies faults, and answers it. */
final class Traffic {
  private final Clock clock;
  private final HubRoutes hub;
  private final Cdn cdn;
  private final List<Consumer<Recorded>> listeners = new CopyOnWriteArrayList<>();
  private volatile Optional<Stall> hole = Optional.empty();

  final DevCounters counters = new DevCounters();
  final Violations violations = new Violations();
  final Faults faults = new Faults();
  final DevWaiting devWaiting;
  final Standstill standstill = new Standstill();

  Traffic(Clock clock, DevWaiting waiting, HubRoutes hub, Cdn cdn) {
    this.devWaiting = waiting;
    this.clock = clock;
    this.hub = hub;
    this.cdn = cdn;
  }

  void listen(Consumer<Recorded> listener) {
    listeners.add(listener);
  }

  synchronized void blackHole(boolean on) {
    hole.ifPresent(Stall::release);
    hole = on ? Optional.of(new Stall()) : Optional.empty();
  }

  /** Lets everything go that waits, for the end. */
  void close() {
    devWaiting.close();
    standstill.release();
    faults.clear();
    blackHole(false);
  }

  void handle(DevExchange exchange) {
    Incoming in = exchange.incoming();
    Target target = in.cdn() ? Target.cdn() : Target.parse(in.path());
    Recorded record = counters.arrived(clock.instant(), target.route(), in);
    violations.inspect(in, target.route());
    try {
      answer(exchange, in, target, record);
    } catch (IOException e) {
      // The client has gone, or the listener: there is nobody to tell.
      exchange.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      exchange.close();
    } catch (RuntimeException e) {
      violations.broken(in, e);
      throw e;
    } finally {
      record.finish();
      counters.finished(record);
      listeners.forEach(l -> l.accept(record));
    }
  }

  private void answer(DevExchange exchange, Incoming in, Target target, Recorded record)
      throws IOException, InterruptedException {
    Optional<Stall> hole = this.hole;
    if (hole.isPresent()) {
      hole.get().pass();
      exchange.close();
      return;
    }
    FaultPlan plan = faults.planFor(record);
    devWaiting.of(plan.delay);
    if (plan.hold.isPresent()) {
      plan.hold.get().pass();
    }
    if (plan.disconnect) {
      exchange.close();
      return;
    }
    Reply reply =
        plan.replacement()
            .orElseGet(() -> route(plan.ignoreRange ? in.withoutRange() : in, target));
    if (!in.cdn()) {
      hub.stamp(reply);
    }
    plan.rewrite(reply);
    new Sender(exchange, reply, plan, record, counters, devWaiting, standstill).send();
  }

  private Reply route(Incoming in, Target target) {
    return in.cdn() ? cdn.answer(in) : hub.answer(in, target);
  }
}
