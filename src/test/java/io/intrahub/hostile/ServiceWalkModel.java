package io.intrahub.hostile;

import io.intrahub.hostile.PermissionCell.Look;
import io.intrahub.hostile.PermissionCell.Right;
import io.intrahub.hostile.PermissionRoute.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What is right of each answer in a history of mode {@code service}: what the Hub could say of a
 * repo, and when, and what the rules open to a client now. For one thread.
 */
final class ServiceWalkModel {
  private static final Duration PUBLIC_TTL = Duration.ofMinutes(10);

  /** With the time in which it is confirmed behind the client's back. */
  private static final Duration GRANT_TTL = Duration.ofMinutes(15);

  /** The same while the Hub does not answer. */
  private static final Duration PUBLIC_IN_OUTAGE = Duration.ofDays(7);

  private static final Duration GRACE = Duration.ofHours(1);

  /** The longest that the mirror remembers a refusal, or that the Hub is down. */
  private static final Duration MEMORY = Duration.ofSeconds(61);

  /** The status of a repo that the Hub has disabled, too. */
  private static final Right NO_RULE = new Right.Refused(403, "");

  private final Map<String, List<Truth>> repos = new HashMap<>();
  private Instant now;
  private Instant lit = Instant.EPOCH;
  private boolean dark;

  /** The most that the rules open to a client; each includes those before it. */
  enum Opened {
    NOTHING,
    PUBLIC,
    GATED,
    PRIVATE;

    boolean includes(Opened other) {
      return compareTo(other) >= 0;
    }
  }

  /**
   * What the Hub knows of a repo from a moment on.
   *
   * @param account whether the mirror's own account may read what is not public
   */
  private record Truth(Instant from, Look look, boolean account) {
    boolean showsEverybody(Scope scope) {
      return look == Look.PUBLIC || look == Look.GATED && scope == Scope.METADATA;
    }

    boolean showsAccount(Scope scope) {
      return showsEverybody(scope) || (account && look != Look.DISABLED);
    }
  }

  ServiceWalkModel(Instant now) {
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

  void repo(String repo, Look look, boolean account) {
    repos.computeIfAbsent(repo, _ -> new ArrayList<>()).add(new Truth(now, look, account));
  }

  /**
   * What is wrong with an answer; empty if nothing is.
   *
   * @param account whether the mirror uses an account of its own
   */
  String judge(String repo, Opened opened, boolean account, Scope scope, Right got) {
    boolean doubtful = dark || age(lit).compareTo(MEMORY) <= 0;
    Right right = right(repos.get(repo).getLast(), opened, account, scope);
    return switch (got) {
      case Right.Served _ ->
          right.equals(Right.SERVED) || isGranted(repo, opened, account, scope, doubtful)
              ? ""
              : "LEAK: no grant and no rule can have let it be read";
      case Right.Unavailable _ -> doubtful ? "" : "the Hub can be asked";
      case Right.Refused _ -> {
        Duration memory = doubtful ? GRACE.plus(MEMORY) : MEMORY;
        boolean lately = age(repos.get(repo).getLast().from()).compareTo(memory) <= 0;
        boolean mayKnow =
            opened == Opened.PRIVATE || was(repo, memory, t -> t.showsEverybody(Scope.METADATA));
        // A call that was made under everybody's grant gets the words for clients without a token.
        boolean ended =
            right.equals(Right.HIDDEN)
                && got.equals(new Right.Refused(401, "RepoNotFound"))
                && was(repo, PUBLIC_TTL, t -> t.showsEverybody(Scope.METADATA));
        yield got.equals(right) || ended || (lately && isByTheRules(got, opened, mayKnow))
            ? ""
            : "right is " + right;
      }
    };
  }

  /**
   * Rules take effect at once: only what the Hub said may be old. That it has disabled a repo is
   * heard by those who may know of the repo.
   */
  private static boolean isByTheRules(Right got, Opened opened, boolean mayKnow) {
    boolean bare = got.equals(NO_RULE);
    return opened == Opened.NOTHING ? bare : !bare || mayKnow;
  }

  private static Right right(Truth truth, Opened opened, boolean account, Scope scope) {
    if (opened == Opened.NOTHING) {
      return NO_RULE;
    } else if (truth.showsEverybody(scope)) {
      return Right.SERVED;
    }
    boolean reads = account && truth.showsAccount(scope);
    return switch (truth.look()) {
      case GATED -> reads && opened.includes(Opened.GATED) ? Right.SERVED : Right.GATED;
      case DISABLED -> opened == Opened.PRIVATE ? Right.DISABLED : Right.HIDDEN;
      case PRIVATE, PUBLIC, MISSING ->
          reads && opened == Opened.PRIVATE ? Right.SERVED : Right.HIDDEN;
    };
  }

  private boolean isGranted(
      String repo, Opened opened, boolean account, Scope scope, boolean doubtful) {
    Duration open = doubtful ? PUBLIC_IN_OUTAGE : PUBLIC_TTL;
    if (opened == Opened.NOTHING) {
      return false;
    } else if (was(repo, open, t -> t.showsEverybody(scope))) {
      return true;
    }
    boolean own = account && was(repo, doubtful ? GRACE : GRANT_TTL, t -> t.showsAccount(scope));
    boolean gated = was(repo, open, t -> t.showsEverybody(Scope.METADATA));
    return own && opened.includes(gated ? Opened.GATED : Opened.PRIVATE);
  }

  /** Whether this was so of the repo at a moment no longer ago. */
  private boolean was(String repo, Duration ago, Predicate<Truth> so) {
    Instant until = now;
    for (Truth truth : repos.get(repo).reversed()) {
      if (age(until).compareTo(ago) > 0) {
        return false;
      } else if (so.test(truth)) {
        return true;
      }
      until = truth.from();
    }
    return false;
  }

  private Duration age(Instant then) {
    return Duration.between(then, now);
  }
}
