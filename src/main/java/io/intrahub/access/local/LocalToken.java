package io.intrahub.access.local;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/**
 * A token that this mirror issued, for use in place of a token of the Hub. It gives nothing by
 * itself: {@link AccessRules} name it.
 *
 * @param name by which rules, the log and the operator know it; see {@link #isName}
 * @param hash of its text, which is not kept
 * @param created when it was issued
 * @param expires from when on it is not accepted; empty for never
 * @param repos limits the repos for which it counts; empty for no limit
 */
public record LocalToken(
    String name,
    TokenHash hash,
    Instant created,
    Optional<Instant> expires,
    List<RepoPattern> repos) {
  /**
   * How each token begins. huggingface.js refuses a token that does not begin with {@code hf_}, and
   * llama.cpp one that has anything but 34 or more letters and digits behind that.
   */
  public static final String PREFIX = "hf_intrahub";

  /** 190 bits, with 62 characters to choose from. */
  private static final int RANDOM_CHARACTERS = 32;

  private static final String ALPHABET =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  /** Checks the name and takes a copy of the list. */
  public LocalToken {
    if (!isName(name)) {
      throw new IllegalArgumentException("not a name of a token: " + name);
    }
    repos = List.copyOf(repos);
  }

  /**
   * Returns whether the text can be a name: at most 64 letters, digits, dots, underscores and
   * hyphens, of which the first is a letter or a digit.
   */
  public static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  /** Creates the text of a new token. */
  public static String newText(RandomGenerator random) {
    StringBuilder text = new StringBuilder(PREFIX);
    for (int i = 0; i < RANDOM_CHARACTERS; i++) {
      text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
    }
    return text.toString();
  }

  /** Returns whether the token counts for this repo. */
  public boolean covers(RepoId repo) {
    return repos.isEmpty() || repos.stream().anyMatch(pattern -> pattern.matches(repo));
  }

  /** Returns whether the token has expired. */
  public boolean isExpired(Instant now) {
    return expires.filter(end -> !now.isBefore(end)).isPresent();
  }
}
