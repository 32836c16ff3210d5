package io.intrahub.hub;

import java.util.Optional;

/** The kind of a repo. Equal ids of different types are different repos. */
public enum RepoType {
  MODEL("models", ""),
  DATASET("datasets", "datasets/"),
  SPACE("spaces", "spaces/"),
  KERNEL("kernels", "kernels/");

  private final String plural;
  private final String pathPrefix;

  RepoType(String plural, String pathPrefix) {
    this.plural = plural;
    this.pathPrefix = pathPrefix;
  }

  /** The word in API paths and folder names: {@code models}, {@code kernels}, and so on. */
  public String plural() {
    return plural;
  }

  /** Returns the prefix of the id in file URLs; empty for models. */
  public String pathPrefix() {
    return pathPrefix;
  }

  /** The word for a person: {@code model}, {@code kernel}, and so on. */
  public String singular() {
    return plural.substring(0, plural.length() - 1);
  }

  /** Returns the type with this word in API paths, if any. */
  public static Optional<RepoType> ofPlural(String plural) {
    for (RepoType type : values()) {
      if (type.plural.equals(plural)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
