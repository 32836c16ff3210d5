package io.intrahub.hub;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A repo of the Hub: its type and its id, {@code namespace/name} or, for old canonical models and
 * datasets, one segment such as {@code gpt2}.
 *
 * <p>The grammar is that of huggingface_hub 2.4.0 ({@code _validators.py}): each part is {@code
 * [A-Za-z0-9._-]}, at most 96 characters, begins and ends with a letter, digit or underscore, has
 * no {@code --} and no {@code ..}, and the name does not end in {@code .git}. Because {@code --}
 * cannot occur, {@link #folderName} is unique.
 *
 * @param type the kind of repo
 * @param id the id as the Hub spells it; upper and lower case differ
 */
public record RepoId(RepoType type, String id) {
  private static final Pattern PART = Pattern.compile("\\w|\\w[\\w.-]{0,94}\\w");

  /** First segments of the Hub's own pages and APIs, which can't be ids of one segment. */
  private static final Set<String> RESERVED =
      Set.of(
          "api",
          "buckets",
          "collections",
          "datasets",
          "docs",
          "kernels",
          "models",
          "oauth",
          "papers",
          "settings",
          "spaces",
          "v2");

  /** What the Hub's API has in place of the id of a space (huggingface_hub 2.4.0). */
  private static final Set<String> APIS_OF_SPACES =
      Set.of("hardware", "semantic-search", "templates", "zero-gpu/quota");

  /** Checks the grammar; use {@link #parse} for text from outside. */
  public RepoId {
    if (!isValid(type, id)) {
      throw new IllegalArgumentException("not a repo id: " + id);
    }
  }

  /** Returns the repo with this id, or empty if the id violates the grammar. Never throws. */
  public static Optional<RepoId> parse(RepoType type, String id) {
    return isValid(type, id) ? Optional.of(new RepoId(type, id)) : Optional.empty();
  }

  /**
   * Returns whether {@code /api/{type}s/{id}} is a route of the Hub's API that is about no repo.
   */
  static boolean isOfApi(RepoType type, String id) {
    return type == RepoType.SPACE && APIS_OF_SPACES.contains(id);
  }

  private static boolean isValid(RepoType type, String id) {
    return isWellFormed(id) && !isOfApi(type, id);
  }

  private static boolean isWellFormed(String id) {
    int slash = id.indexOf('/');
    if (slash < 0) {
      return isPart(id) && !id.endsWith(".git") && !RESERVED.contains(id.toLowerCase(Locale.ROOT));
    }
    String namespace = id.substring(0, slash);
    String name = id.substring(slash + 1);
    return isPart(namespace)
        && isPart(name)
        && !name.endsWith(".git")
        && !RESERVED.contains(namespace.toLowerCase(Locale.ROOT));
  }

  private static boolean isPart(String part) {
    return PART.matcher(part).matches() && !part.contains("--") && !part.contains("..");
  }

  /** The folder name of the Hub's own cache: {@code models--ns--name}, {@code datasets--…}. */
  public String folderName() {
    return type.plural() + "--" + id.replace("/", "--");
  }

  /**
   * Returns the repo whose {@link #folderName} this is, or empty if there is none. Never throws.
   */
  public static Optional<RepoId> ofFolderName(String name) {
    int end = name.indexOf("--");
    return end < 0
        ? Optional.empty()
        : RepoType.ofPlural(name.substring(0, end))
            .flatMap(type -> parse(type, name.substring(end + 2).replace("--", "/")));
  }

  /** {@code /api/models/ns/name}. */
  public String apiPath() {
    return "/api/" + type.plural() + "/" + id;
  }

  /** Returns the name for a person: {@code model acme/tiny-bert}. */
  @Override
  public String toString() {
    return type.singular() + " " + id;
  }
}
