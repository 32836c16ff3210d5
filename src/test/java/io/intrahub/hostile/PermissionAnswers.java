package io.intrahub.hostile;

import io.intrahub.hostile.PermissionCell.Right;
import io.intrahub.hostile.PermissionWorld.Repo;
import java.util.Arrays;
import java.util.Optional;

/** Recognises in an answer what {@link PermissionOracle} asks for. */
final class PermissionAnswers {
  private PermissionAnswers() {}

  /** Whether what a client got is this right. */
  static boolean areRight(Right right, PermissionCell cell, Repo repo, Rig.Answer got) {
    return switch (right) {
      case Right.Unavailable() -> got.status() == 503 || got.status() == 504;
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
      case PRIVATE -> now.allowed().contains(cell.asker());
      case MISSING -> false;
    };
  }
}
