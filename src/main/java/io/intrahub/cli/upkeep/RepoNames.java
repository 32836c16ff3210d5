package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.StoredNames;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import java.util.List;
import java.util.Optional;

/** How repos and files are written on the command line and in reports. Pure functions. */
final class RepoNames {
  private RepoNames() {}

  /** Reads {@code gpt2} or {@code datasets/acme/data}; empty if it has another form. */
  static Optional<RepoId> parse(String text) {
    return RepoPattern.parse(text).flatMap(pattern -> RepoId.parse(pattern.type(), pattern.glob()));
  }

  /** Writes it so that {@link #parse} reads it. */
  static String of(RepoId repo) {
    return repo.type().pathPrefix() + repo.id();
  }

  /** As {@link StoredNames#hint}, for a repo. */
  static String hint(RepoId repo, List<RepoId> stored) {
    return StoredNames.hint(new RepoPattern(repo.type(), repo.id()), stored);
  }

  /** Writes a path without characters that control the terminal. */
  static String of(FilePath path) {
    return path.isServable() ? path.value() : path.encoded();
  }
}
