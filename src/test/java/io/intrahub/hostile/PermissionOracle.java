package io.intrahub.hostile;

import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Facts;
import io.intrahub.hostile.PermissionCell.Look;
import io.intrahub.hostile.PermissionCell.Right;
import io.intrahub.hostile.PermissionRoute.Scope;
import io.intrahub.hostile.PermissionRoute.Source;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The right answers for each cell of the permission matrix. It knows no mirror and no Hub. */
final class PermissionOracle {
  /** More than one answer is right only while a grant or a denial from before a change lasts. */
  static Set<Right> answers(PermissionCell c) {
    Facts now = c.state().dark() && !c.state().heard() ? c.before() : c.after();
    if (c.asker().isMalformed() || c.hasNoRule()) {
      return Set.of(new Right.Refused(c.hasNoRule() ? 403 : 401, ""));
    } else if (c.source() == Source.OWN) {
      return Set.of(Right.SERVED);
    } else if (c.isOffline()) {
      return Set.of(offline(c, now));
    } else if (c.state().dark()) {
      Right right = mirror(c.route(), now, now, c.reader());
      // The last known answer, if there is one.
      return c.route().isRecent()
          ? Stream.of(right, Right.UNAVAILABLE).collect(Collectors.toSet())
          : Set.of(fromStore(c, right));
    } else if (c.source() == Source.PASSED) {
      Asker asker = c.mode().hasRules() ? Asker.ANONYMOUS : c.asker();
      if (c.route().isRecent() && c.state().lately()) {
        // A refusal that the mirror remembers of the repo counts for its recent answers too.
        Stream<Right> remembered =
            Stream.of(mirror(c.route(), c.before(), c.before(), c.reader()))
                .filter(r -> r instanceof Right.Refused)
                .map(r -> c.hears(r) ? r : Right.HIDDEN);
        return Stream.concat(
                Stream.of(c.before(), now).map(f -> hub(c.route(), f, asker)), remembered)
            .collect(Collectors.toSet());
      }
      return Set.of(hub(c.route(), now, asker));
    }
    Set<Facts> known = c.state().lately() ? Set.of(c.before(), now) : Set.of(now);
    return known.stream()
        .flatMap(f -> known.stream().map(own -> mirror(c.route(), f, own, c.reader())))
        .map(r -> c.hears(r) ? r : Right.HIDDEN)
        .collect(Collectors.toSet());
  }

  /** The rules alone decide about what is stored, whatever the Hub said last. */
  private static Right offline(PermissionCell c, Facts now) {
    boolean open = c.source() == Source.PASSED || now.look() == Look.PUBLIC;
    if (!open && c.asker() != Asker.LOCAL) {
      return now.look() == Look.GATED && !c.kind().isRenamed() ? Right.GATED : Right.HIDDEN;
    }
    Right before = mirror(c.route(), c.before(), c.before(), Asker.LOCAL);
    return fromStore(c, before == Right.SERVED ? before : mirror(c.route(), now, now, Asker.LOCAL));
  }

  private static Right fromStore(PermissionCell c, Right right) {
    return right == Right.SERVED && c.source() == Source.KEPT ? right : Right.UNAVAILABLE;
  }

  /** What everybody may read is given to everybody; else the client's own right counts. */
  static Right mirror(PermissionRoute route, Facts everybody, Facts own, Asker asker) {
    Right open = hub(route, everybody, Asker.ANONYMOUS);
    return open == Right.SERVED ? open : hub(route, own, asker);
  }

  /** What the Hub says while it knows this of the repo. */
  static Right hub(PermissionRoute route, Facts repo, Asker asker) {
    if (repo.unknown().contains(asker)) {
      return new Right.Refused(401, "");
    }
    boolean may = route.scope() == Scope.NONE || repo.allowed().contains(asker);
    Right refused = repo.look().refusal(asker == Asker.ANONYMOUS);
    return switch (repo.look()) {
      case PUBLIC -> Right.SERVED;
      case DISABLED -> route.scope() == Scope.NONE ? Right.SERVED : refused;
      case GATED -> may || route.scope() == Scope.METADATA ? Right.SERVED : refused;
      case MISSING, PRIVATE -> may ? Right.SERVED : refused;
    };
  }
}
