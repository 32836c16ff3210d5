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
  private static final Right DISABLED = new Right.Refused(403, "");
  private static final Right HIDDEN = new Right.Refused(404, "RepoNotFound");

  /** More than one answer is right only while a grant or a denial from before a change lasts. */
  static Set<Right> answers(PermissionCell c) {
    Facts now = c.state().dark() && !c.state().heard() ? c.before() : c.after();
    if (c.asker().isMalformed() || c.hasNoRule()) {
      return Set.of(new Right.Refused(c.hasNoRule() ? 403 : 401, ""));
    } else if (c.source() == Source.OWN) {
      return Set.of(new Right.Served());
    } else if (c.isOffline()) {
      return Set.of(offline(c, now));
    } else if (c.state().dark()) {
      Asker counts = c.state().inGrace() ? c.reader() : Asker.ANONYMOUS;
      boolean may = mirror(c.route(), now, now, counts) instanceof Right.Served;
      return Set.of(
          may && c.source() == Source.KEPT ? new Right.Served() : new Right.Unavailable());
    } else if (c.source() == Source.PASSED) {
      return Set.of(hub(c.route(), now, c.mode().hasRules() ? Asker.ANONYMOUS : c.asker()));
    }
    Set<Facts> known = c.state().lately() ? Set.of(c.before(), now) : Set.of(now);
    return known.stream()
        .flatMap(f -> known.stream().map(own -> mirror(c.route(), f, own, c.reader())))
        .map(r -> c.mode().hasRules() && r.equals(DISABLED) ? HIDDEN : r)
        .collect(Collectors.toSet());
  }

  /** The rules alone decide about what is stored, whatever the Hub said last. */
  private static Right offline(PermissionCell c, Facts now) {
    if (c.source() == Source.PASSED) {
      return new Right.Unavailable();
    } else if (c.asker() != Asker.LOCAL && now.look() != Look.PUBLIC) {
      boolean shown = now.look() == Look.GATED && !c.kind().isRenamed();
      return shown ? new Right.Refused(403, "GatedRepo") : HIDDEN;
    }
    boolean stored =
        Stream.of(c.before(), now)
            .anyMatch(f -> mirror(c.route(), f, f, Asker.LOCAL) instanceof Right.Served);
    return stored && c.source() == Source.KEPT ? new Right.Served() : new Right.Unavailable();
  }

  /** What everybody may read is given to everybody; else the client's own right counts. */
  static Right mirror(PermissionRoute route, Facts everybody, Facts own, Asker asker) {
    Right open = hub(route, everybody, Asker.ANONYMOUS);
    return open instanceof Right.Served ? open : hub(route, own, asker);
  }

  /** What the Hub says while it knows this of the repo. */
  static Right hub(PermissionRoute route, Facts repo, Asker asker) {
    if (repo.unknown().contains(asker) || route.scope() == Scope.NONE) {
      return repo.unknown().contains(asker) ? new Right.Refused(401, "") : new Right.Served();
    }
    boolean anonymous = asker == Asker.ANONYMOUS;
    boolean may = repo.allowed().contains(asker);
    boolean refused = !may && route.scope() == Scope.CONTENT;
    return switch (repo.look()) {
      case PUBLIC -> new Right.Served();
      case DISABLED -> new Right.Refused(403, "");
      case GATED ->
          refused ? new Right.Refused(anonymous ? 401 : 403, "GatedRepo") : new Right.Served();
      case MISSING, PRIVATE ->
          may ? new Right.Served() : new Right.Refused(anonymous ? 401 : 404, "RepoNotFound");
    };
  }
}
