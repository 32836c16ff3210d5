package io.intrahub.hostile;

import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Kind;
import io.intrahub.hostile.PermissionCell.Right;
import io.intrahub.hostile.PermissionRoute.Scope;
import io.intrahub.hostile.PermissionRoute.Source;
import io.intrahub.hostile.PermissionWorld.Repo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Recognises in an answer what {@link PermissionOracle} asks for. */
final class PermissionAnswers {
  private PermissionAnswers() {}

  /** Whether what a client got is this right. */
  static boolean areRight(Right right, PermissionCell cell, Repo repo, Rig.Answer got) {
    return switch (right) {
      case Right.Unavailable() ->
          got.status() == (cell.isOffline() ? 501 : 503) || got.status() == 504;
      case Right.Refused(var status, var code) ->
          got.status() == status && got.header("x-error-code").orElse("").equals(code);
      case Right.Served() -> isServed(cell, repo, got);
    };
  }

  private static boolean isServed(PermissionCell cell, Repo repo, Rig.Answer got) {
    PermissionRoute route = cell.route();
    if (route.isOfOldCommit() && !cell.hasOldCommit()) {
      return got.status() == 404
          && got.header("x-error-code").equals(Optional.of("RevisionNotFound"));
    }
    if (got.status() != route.success()) {
      return false;
    }
    if (route.isContent()) {
      byte[] whole = repo.content(route.file());
      byte[] wanted = route == PermissionRoute.RANGE ? Arrays.copyOfRange(whole, 7, 20) : whole;
      return Arrays.equals(got.body(), wanted);
    }
    return switch (route) {
      case NO_FILE -> got.header("x-error-code").equals(Optional.of("EntryNotFound"));
      case NO_REVISION -> got.header("x-error-code").equals(Optional.of("RevisionNotFound"));
      case INFO, REVISION, BLOBS -> got.text().contains(repo.commit());
      case TREE, PATHS -> got.text().contains(repo.sha256());
      case SEARCH -> isListed(cell) == got.text().contains("\"id\":\"" + repo.actual() + "\"");
      default -> true;
    };
  }

  private static boolean isListed(PermissionCell cell) {
    PermissionCell.Facts now = cell.after();
    return switch (now.look()) {
      case PUBLIC, GATED, DISABLED -> true;
      case PRIVATE -> !cell.mode().hasRules() && now.allowed().contains(cell.asker());
      case MISSING -> false;
    };
  }

  /** What is wrong with an answer, whoever gets it. */
  static List<String> problems(PermissionCell cell, Repo repo, Rig.Answer got, boolean served) {
    List<String> problems = new ArrayList<>();
    String all = got.headers().map() + got.text();
    if (all.contains(PermissionWorld.CANARY)) {
      problems.add("it shows a token");
    }
    if (got.header("x-request-id").isEmpty()) {
      problems.add("it has no request id");
    }
    boolean own = cell.source() == Source.OWN;
    boolean secret =
        got.text().contains(PermissionWorld.SECRET)
            || cell.kind() != Kind.MISSING && all.contains(repo.sha256())
            || got.header("etag").isPresent()
            || got.header("x-repo-commit").isPresent();
    if (!served && !own && secret) {
      problems.add("it shows something of the repo");
    }
    boolean error = got.status() >= 400;
    boolean anybody = isOpenToAll(cell, cell.before()) || isOpenToAll(cell, cell.after());
    boolean restricted = served && !own && !(anybody && cell.route().scope() != Scope.NONE);
    boolean forOneClient =
        got.header("cache-control").equals(Optional.of("private, no-store"))
            && got.headers().allValues("vary").contains("Authorization");
    if ((error || restricted) && !forOneClient) {
      problems.add("a cache on the way may give it to the next client");
    }
    if (error && (got.header("age").isPresent() || got.header("cache-status").isPresent())) {
      problems.add("a refusal has an age");
    }
    return problems;
  }

  /** Whether everybody may have the answer. */
  static boolean isOpenToAll(PermissionCell cell, PermissionCell.Facts repo) {
    return PermissionOracle.hub(cell.route(), repo, Asker.ANONYMOUS) instanceof Right.Served;
  }
}
