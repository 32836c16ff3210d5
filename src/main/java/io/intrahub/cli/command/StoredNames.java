package io.intrahub.cli.command;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import java.util.List;

/** What an operator may have meant by the name of a repo that is not stored. Pure functions. */
public final class StoredNames {
  private StoredNames() {}

  /**
   * Returns the end of a message that nothing is stored of a name: empty, or a clause that begins
   * with a semicolon.
   *
   * @param typed the name, or a pattern
   * @param stored all repos of the store
   */
  public static String hint(RepoPattern typed, List<RepoId> stored) {
    if (typed.glob().contains("*")) {
      return typed.glob().contains("/")
          ? ""
          : "; a * does not cross a /: use '*/*' or 'datasets/*/*'";
    }
    if (stored.stream().anyMatch(typed::matches)) {
      return "";
    }
    return stored.stream()
        .filter(repo -> repo.id().equalsIgnoreCase(typed.glob()))
        .findFirst()
        .map(repo -> "; did you mean " + repo.type().pathPrefix() + repo.id() + "?")
        .orElse("");
  }

  /** Ends a message with a full stop, unless it is a question. */
  public static String sentence(String message) {
    return message.endsWith("?") ? message : message + ".";
  }
}
