package io.intrahub.cli.pull;

import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;

/** Makes text from outside fit for a terminal, which some characters control. */
final class SafeText {
  private static final int MAX = 1000;

  private SafeText() {}

  /** The path of a file, percent-encoded if it has a character that must not be printed. */
  static String of(FilePath path) {
    return path.isServable() ? path.value() : path.encoded();
  }

  /** The repo as it is typed in a command: {@code datasets/acme/x}. */
  static String of(RepoId repo) {
    return repo.type().pathPrefix() + repo.id();
  }

  /** One line of a message. */
  static String of(String message) {
    String line = message.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", " ").strip();
    String cut = line.length() > MAX ? line.substring(0, MAX) + " ..." : line;
    return cut.endsWith(".") ? cut.substring(0, cut.length() - 1) : cut;
  }
}
