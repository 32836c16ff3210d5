package io.intrahub.store.fs.disk;

import io.intrahub.hub.Digest;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the name of a partial blob says.
 *
 * @param size in bytes; empty in a name of an older version, which had no size in it
 */
public record PartialName(Digest digest, OptionalLong size) {
  static final String SHA256 = "sha256-";
  static final String GIT = "sha1-";

  /** What the map of the pieces has behind the name. */
  static final String PIECES = ".pieces";

  /** A digest, and a size of at most 15 digits without leading zeros. */
  private static final Pattern FORM =
      Pattern.compile("(?:sha256-([0-9a-f]{64})|sha1-([0-9a-f]{40}))(?:-(0|[1-9][0-9]{0,14}))?");

  /** What a name among partial blobs says, be it of the data or of the map; empty: not ours. */
  public static Optional<PartialName> parse(String name) {
    // A shared one has a folder, in which the map of its pieces has another name.
    boolean map = name.startsWith(SHA256) && name.endsWith(PIECES);
    return map ? Optional.empty() : parseOfRepo(name);
  }

  /** The same for a name among the partial blobs of one repo. */
  public static Optional<PartialName> parseOfRepo(String name) {
    String stem = name.endsWith(PIECES) ? name.substring(0, name.length() - PIECES.length()) : name;
    Matcher parts = FORM.matcher(stem);
    if (!parts.matches()) {
      return Optional.empty();
    }
    Digest digest =
        parts.group(1) != null
            ? new Digest.Sha256(parts.group(1))
            : new Digest.GitSha1(parts.group(2));
    OptionalLong size =
        parts.group(3) == null
            ? OptionalLong.empty()
            : OptionalLong.of(Long.parseLong(parts.group(3)));
    return Optional.of(new PartialName(digest, size));
  }
}
