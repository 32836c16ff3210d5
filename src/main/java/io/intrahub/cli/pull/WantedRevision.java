package io.intrahub.cli.pull;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import java.util.Optional;

/**
 * Something to pull.
 *
 * @param repo in the user's spelling
 * @param revision a branch, tag or commit
 */
record WantedRevision(RepoId repo, Revision revision) {
  /** Says why a text names nothing that can be pulled. */
  static final class InvalidException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidException(String message) {
      super(message);
    }
  }

  /**
   * Reads {@code acme/x@v1} or {@code datasets/acme/x}.
   *
   * @param given the type of ids without a prefix such as {@code datasets/}
   */
  static WantedRevision parse(String text, Optional<RepoType> given) throws InvalidException {
    int at = text.indexOf('@');
    String name = at < 0 ? text : text.substring(0, at);
    Optional<Revision> revision =
        at < 0 ? Optional.of(Revision.MAIN) : Revision.parse(text.substring(at + 1));
    if (revision.isEmpty()) {
      throw new InvalidException(
          "'" + SafeText.of(text.substring(at + 1)) + "' is not a branch, tag or commit");
    }
    return new WantedRevision(repo(name, given), revision.get());
  }

  private static RepoId repo(String name, Optional<RepoType> given) throws InvalidException {
    for (RepoType type : RepoType.values()) {
      String prefix = type.plural() + "/";
      if (name.startsWith(prefix)) {
        if (given.isPresent() && given.get() != type) {
          throw new InvalidException(
              "'" + SafeText.of(name) + "' is not a " + given.get().singular());
        }
        return id(type, name.substring(prefix.length()), name);
      }
    }
    return id(given.orElse(RepoType.MODEL), name, name);
  }

  private static RepoId id(RepoType type, String id, String name) throws InvalidException {
    return RepoId.parse(type, id)
        .orElseThrow(() ->
            new InvalidException(
                "'"
                    + SafeText.of(name)
                    + "' is not a repo such as gpt2, acme/tiny or datasets/acme/data"));
  }

  /** As it is typed in a command: {@code datasets/acme/x@v1}. */
  @Override
  public String toString() {
    return SafeText.of(repo) + "@" + revision;
  }
}
