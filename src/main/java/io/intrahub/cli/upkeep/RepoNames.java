package io.intrahub.cli.upkeep;

import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
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

  /** Writes a path without characters that control the terminal. */
  static String of(FilePath path) {
    return path.isServable() ? path.value() : path.encoded();
  }
}
