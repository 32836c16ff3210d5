package io.intrahub.hostile;

import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Facts;
import io.intrahub.hostile.PermissionCell.Right;
import io.intrahub.hostile.PermissionRoute.Scope;
import io.intrahub.hostile.PermissionRoute.Source;
import java.util.Set;

/** The right answers for each cell of the permission matrix. It knows no mirror and no Hub. */
final class PermissionOracle {
  /** More than one answer is right only while a grant or a denial from before a change lasts. */
  static Set<Right> answers(PermissionCell c) {
    boolean passed = c.route().source() == Source.PASSED;
    if (c.asker() == Asker.MALFORMED || c.route().source() == Source.OWN) {
      return Set.of(c.asker() == Asker.MALFORMED ? new Right.Refused(401, "") : new Right.Served());
    } else if (c.state().dark()) {
      Facts confirmed = c.state().heard() ? c.after() : c.before();
      boolean everybody = hub(c, confirmed, Asker.ANONYMOUS) instanceof Right.Served;
      boolean own = c.state().inGrace() && hub(c, confirmed, c.asker()) instanceof Right.Served;
      boolean served = c.route().source() == Source.KEPT && (everybody || own);
      return Set.of(served ? new Right.Served() : new Right.Unavailable());
    }
    Right now = passed ? hub(c, c.after(), c.asker()) : mirror(c, c.after());
    return c.state().lately() && !passed ? setOf(now, mirror(c, c.before())) : Set.of(now);
  }

  /** What everybody may read is given to everybody; else the client's own token counts. */
  private static Right mirror(PermissionCell c, Facts repo) {
    Right everybody = hub(c, repo, Asker.ANONYMOUS);
    return everybody instanceof Right.Served ? everybody : hub(c, repo, c.asker());
  }

  /** What the Hub says while it knows this of the repo. */
  static Right hub(PermissionCell c, Facts repo, Asker asker) {
    boolean anonymous = asker == Asker.ANONYMOUS;
    boolean listed = repo.allowed().contains(asker);
    if (!repo.knows(asker) || c.route().scope() == Scope.NONE) {
      return repo.knows(asker) ? new Right.Served() : new Right.Refused(401, "");
    }
    boolean closed = c.route().scope() == Scope.CONTENT && !listed;
    return switch (repo.look()) {
      case PUBLIC -> new Right.Served();
      case DISABLED -> new Right.Refused(403, "");
      case GATED -> closed ? new Right.Refused(anonymous ? 401 : 403, "GatedRepo") : new Right.Served();
      case MISSING, PRIVATE ->
          listed ? new Right.Served() : new Right.Refused(anonymous ? 401 : 404, "RepoNotFound");
    };
  }

  private static Set<Right> setOf(Right one, Right other) {
    return one.equals(other) ? Set.of(one) : Set.of(one, other);
  }
}
