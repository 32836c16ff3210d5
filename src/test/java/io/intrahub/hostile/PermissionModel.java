package io.intrahub.hostile;

import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Facts;
import io.intrahub.hostile.PermissionCell.Look;
import io.intrahub.hostile.PermissionCell.Right;
import io.intrahub.hostile.PermissionRoute.Scope;
import io.intrahub.hostile.PermissionRoute.Source;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What is right of each answer in a history of questions, changes and outages: a small model of who
 * could read what, and when. It says less than the matrix about each answer, and holds for every
 * order of events. For one thread.
 */
final class PermissionModel {
  /** The longest that a grant of everybody, or of a token, counts while the Hub answers. */
  private static final Duration PUBLIC_TTL = Duration.ofMinutes(10);

  /** With the time in which it is confirmed behind the client's back. */
  private static final Duration GRANT_TTL = Duration.ofMinutes(15);

  /** The same while it does not. */
  private static final Duration PUBLIC_IN_OUTAGE = Duration.ofDays(7);

  private static final Duration GRACE = Duration.ofHours(1);

  /** The longest that the mirror remembers a refusal, or that the Hub is down. */
  private static final Duration MEMORY = Duration.ofSeconds(61);

  /** The present truth about each repo. */
  private final Map<String, Facts> repos = new HashMap<>();

  private final Set<Asker> unknown = EnumSet.of(Asker.UNKNOWN);

  /** When anything about a repo, or a token, last changed: the words of a refusal may be old. */
  private final Map<String, Instant> changed = new HashMap<>();

  private final Map<Asker, Instant> tokenChanged = new HashMap<>();

  /** Since when the present truth about an asker and a repo holds, in this scope. */
  private final Map<Who, Instant> since = new HashMap<>();

  /** When an asker could last read what they can't read now. */
  private final Map<Who, Instant> lastAllowed = new HashMap<>();

  /** When the mirror last refused an asker. */
  private final Map<Who, Instant> refused = new HashMap<>();

  /** When this was last served while nothing was in doubt. */
  private final Map<Asked, Instant> served = new HashMap<>();

  private Instant now;
  private boolean dark;
  private Instant lit = Instant.MIN;

  private record Who(String repo, Asker asker, Scope scope) {}

  private record Asked(String repo, Asker asker, PermissionRoute route) {}

  PermissionModel(Instant now) {
    this.now = now;
  }

  void now(Instant time) {
    now = time;
  }

  void dark(boolean off) {
    dark = off;
    lit = now;
  }

  boolean isDark() {
    return dark;
  }

  Facts facts(String repo) {
    Facts known = repos.get(repo);
    return new Facts(known.look(), known.allowed(), unknown);
  }

  void repo(String repo, Look look, Set<Asker> allowed) {
    changed.put(repo, now);
    change(() -> repos.put(repo, new Facts(look, allowed, Set.of())));
  }

  void token(Asker asker, boolean known) {
    tokenChanged.put(asker, now);
    change(() -> {
      if (known) {
        unknown.remove(asker);
      } else {
        unknown.add(asker);
      }
    });
  }

  private void change(Runnable what) {
    Set<Who> before = allowed();
    what.run();
    Set<Who> after = allowed();
    for (String repo : repos.keySet()) {
      for (Asker asker : Asker.values()) {
        for (Scope scope : Scope.values()) {
          Who who = new Who(repo, asker, scope);
          if (before.contains(who) != after.contains(who)) {
            since.put(who, now);
          }
          if (before.contains(who)) {
            lastAllowed.put(who, now);
          }
        }
      }
    }
    served.clear();
  }

  private Set<Who> allowed() {
    Set<Who> allowed = new HashSet<>();
    for (String repo : repos.keySet()) {
      for (Asker asker : Asker.values()) {
        for (PermissionRoute route : Set.of(PermissionRoute.GET, PermissionRoute.INFO)) {
          if (PermissionOracle.hub(route, facts(repo), asker) instanceof Right.Served) {
            allowed.add(new Who(repo, asker, route.scope()));
          }
        }
      }
    }
    return allowed;
  }

  /** Whether an answer may come from memory: the client's right is remembered, or just ended. */
  private boolean isOfBefore(String repo, Asker asker, PermissionRoute route, Right got) {
    Duration everybodys = dark ? PUBLIC_IN_OUTAGE : PUBLIC_TTL;
    return switch (got) {
      case Right.Served _ ->
          isGranted(new Who(repo, Asker.ANONYMOUS, route.scope()), everybodys)
              || isGranted(new Who(repo, asker, route.scope()), dark ? GRACE : GRANT_TTL);
      case Right.Refused _ -> dark || isChangedLately(repo, asker);
      case Right.Unavailable _ -> false;
    };
  }

  /** What is wrong with an answer; empty if nothing is. Takes note of it. */
  String judge(String repo, Asker asker, PermissionRoute route, Right got) {
    Facts truth = facts(repo);
    boolean doubtful = dark || age(lit).compareTo(MEMORY) <= 0;
    if (route.source() == Source.PASSED) {
      boolean right =
          got instanceof Right.Unavailable
              ? doubtful
              : (!dark && got.equals(PermissionOracle.hub(route, truth, asker)))
                  || (route.isRecent() && isOfBefore(repo, asker, route, got));
      return right ? "" : "the Hub says otherwise";
    }
    Who own = new Who(repo, asker, route.scope());
    Who all = new Who(repo, Asker.ANONYMOUS, route.scope());
    Asked what = new Asked(repo, asker, route);
    boolean may = PermissionOracle.mirror(route, truth, truth, asker) instanceof Right.Served;
    switch (got) {
      case Right.Served _ -> {
        boolean granted =
            isGranted(all, doubtful ? PUBLIC_IN_OUTAGE : PUBLIC_TTL)
                || isGranted(own, doubtful ? GRACE : GRANT_TTL);
        if (may && !doubtful) {
          served.put(what, now);
        }
        return granted ? "" : "LEAK: no grant can have lasted so long";
      }
      case Right.Unavailable _ -> {
        boolean confirmed =
            served.containsKey(what)
                && age(served.get(what)).compareTo(GRACE.minus(PUBLIC_TTL)) < 0
                && route.source() == Source.KEPT;
        return !doubtful ? "the Hub can be asked" : confirmed && dark ? "it was confirmed" : "";
      }
      case Right.Refused _ -> {
        // What was learned when nothing is in doubt, or is remembered.
        refused.put(own, now);
        boolean lately = isLately(own) || isLately(all);
        if (may) {
          return lately ? "" : "it may be read, and long since";
        }
        boolean exact = got.equals(PermissionOracle.hub(route, truth, asker));
        return exact || isChangedLately(repo, asker) ? "" : "the Hub refuses in other words";
      }
    }
  }

  private boolean isGranted(Who who, Duration limit) {
    boolean allowed = allowed().contains(who);
    Instant last = allowed ? now : lastAllowed.getOrDefault(who, Instant.MIN);
    boolean heard = refused.getOrDefault(who, Instant.MIN).isAfter(last);
    return !last.equals(Instant.MIN) && !heard && age(last).compareTo(limit) <= 0;
  }

  /** Whether the truth changed so lately that a denial from before may be remembered. */
  private boolean isLately(Who who) {
    return since.containsKey(who) && age(since.get(who)).compareTo(MEMORY) <= 0;
  }

  private boolean isChangedLately(String repo, Asker asker) {
    return changed.getOrDefault(repo, Instant.MIN).isAfter(now.minus(MEMORY))
        || tokenChanged.getOrDefault(asker, Instant.MIN).isAfter(now.minus(MEMORY));
  }

  private Duration age(Instant then) {
    return then.equals(Instant.MIN) ? Duration.ofDays(1_000) : Duration.between(then, now);
  }
}
