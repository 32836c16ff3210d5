package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.CommitHash;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Finds the commit that is checked out in a git clone (gitrepository-layout). */
final class GitHead {
  /** Longer names and lines are not read, in bytes. */
  private static final int MAX_LINE = 1024;

  private static final String SYMBOLIC = "ref: ";

  private GitHead() {}

  /**
   * The commit that is checked out.
   *
   * @param git the folder {@code .git}
   * @return empty if it is not known
   * @throws IOException if git's files can't be read, or are not what git writes
   */
  static Optional<CommitHash> read(Path git) throws IOException {
    String text = line(git.resolve("HEAD"));
    if (!text.startsWith(SYMBOLIC)) {
      return CommitHash.parse(text);
    }
    String name = text.substring(SYMBOLIC.length()).strip();
    Path ref = git.resolve(name).normalize();
    if (!ref.startsWith(git.resolve("refs"))) {
      return Optional.empty();
    }
    if (Files.isRegularFile(ref, NOFOLLOW_LINKS)) {
      return CommitHash.parse(line(ref));
    }
    Path packed = git.resolve("packed-refs");
    return Files.isRegularFile(packed, NOFOLLOW_LINKS) ? find(packed, name) : Optional.empty();
  }

  private static String line(Path file) throws IOException {
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS) || Files.size(file) > MAX_LINE) {
      throw new IOException(file + " is missing, or not what git writes");
    }
    return Files.readString(file, StandardCharsets.ISO_8859_1).strip();
  }

  /** Finds the line of a name without holding more than one line, as a repo may have many refs. */
  private static Optional<CommitHash> find(Path packed, String name) throws IOException {
    String wanted = " " + name;
    StringBuilder line = new StringBuilder();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(packed, NOFOLLOW_LINKS))) {
      for (int next = in.read(); next >= 0; next = in.read()) {
        if (next != '\n') {
          // One character more than a line may have, so that none is taken for another one.
          if (line.length() <= MAX_LINE) {
            line.append((char) next);
          }
          continue;
        }
        String text = line.toString();
        line.setLength(0);
        if (text.length() <= MAX_LINE && text.endsWith(wanted)) {
          return CommitHash.parse(text.substring(0, text.indexOf(' ')));
        }
      }
    }
    return Optional.empty();
  }
}
