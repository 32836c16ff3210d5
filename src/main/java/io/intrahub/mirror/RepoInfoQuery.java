package io.intrahub.mirror;

import io.intrahub.base.PercentCoding;
import java.util.Locale;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The query of a call for repo info in its one canonical spelling, so that all spellings of a
 * question share one stored answer. Clients write booleans as {@code true}, {@code True} and {@code
 * 1}, and lists as {@code expand}, {@code expand[]} and {@code expand[0]}, in any order. Immutable.
 */
final class RepoInfoQuery {
  /** The whole of repo info. */
  static final RepoInfoQuery WHOLE = new RepoInfoQuery(new TreeSet<>());

  private static final int MAX_QUERY = 2048;

  /** Flags that the Hub's clients send; false is what the Hub takes for granted. */
  private static final Set<String> FLAGS =
      Set.of("blobs", "securityStatus", "full", "config", "cardData");

  private static final Pattern LIST = Pattern.compile("expand(\\[\\d{0,4}])?");

  /**
   * What {@code expand} may name, as huggingface_hub 1.33 and 2.4 and huggingface.js send it; but
   * for {@code resourceGroup}, which the Hub shows to members of an organisation only.
   */
  private static final Set<String> PROPERTIES =
      Set.of(
          "author",
          "baseModels",
          "cardData",
          "childrenModelCount",
          "citation",
          "config",
          "createdAt",
          "datasets",
          "description",
          "disabled",
          "downloads",
          "downloadsAllTime",
          "evalResults",
          "gated",
          "gguf",
          "id",
          "inference",
          "inferenceProviderMapping",
          "lastModified",
          "library_name",
          "likes",
          "mainSize",
          "mask_token",
          "model-index",
          "modelId",
          "models",
          "paperswithcode_id",
          "pipeline_tag",
          "private",
          "region",
          "runtime",
          "safetensors",
          "sdk",
          "sha",
          "siblings",
          "spaces",
          "subdomain",
          "tags",
          "transformersInfo",
          "trendingScore",
          "usedStorage",
          "widgetData");

  /** What the Hub adds to these in a whole answer, and tells everybody who may read the repo. */
  private static final Set<String> ALWAYS =
      Set.of("_id", "host", "securityRepoStatus", "securityStatus");

  /**
   * The members of repo info that are the same for all who may read the repo. Of an answer to a
   * token no others are kept, because the Hub may tell them to this token only.
   */
  static final Set<String> SHARED =
      Stream.concat(PROPERTIES.stream(), ALWAYS.stream()).collect(Collectors.toUnmodifiableSet());

  /** Of the form {@code name=value}, each once. */
  private final NavigableSet<String> parameters;

  private RepoInfoQuery(NavigableSet<String> parameters) {
    this.parameters = parameters;
  }

  /** Whether it asks for the whole answer, and for nothing besides. */
  boolean isWhole() {
    return parameters.isEmpty();
  }

  /**
   * Reads a query.
   *
   * @param raw without the question mark
   * @return empty when it holds anything that is not known: its answer is passed on and not kept,
   *     because each such question would be one more file
   */
  static Optional<RepoInfoQuery> parse(String raw) {
    if (raw.length() > MAX_QUERY) {
      return Optional.empty();
    }
    NavigableSet<String> parameters = new TreeSet<>();
    Set<String> denied = new TreeSet<>();
    for (String part : raw.split("&", -1)) {
      if (part.isEmpty()) {
        continue;
      }
      Optional<String> decoded = PercentCoding.decode(part.replace('+', ' '));
      int equals = decoded.map(d -> d.indexOf('=')).orElse(-1);
      if (equals < 0) {
        return Optional.empty();
      }
      String name = decoded.get().substring(0, equals);
      String value = decoded.get().substring(equals + 1);
      if (LIST.matcher(name).matches() && PROPERTIES.contains(value)) {
        parameters.add("expand=" + value);
      } else if (FLAGS.contains(name)) {
        switch (value.toLowerCase(Locale.ROOT)) {
          case "true", "1" -> parameters.add(name + "=true");
          case "false", "0" -> denied.add(name + "=true");
          default -> {
            return Optional.empty();
          }
        }
      } else {
        return Optional.empty();
      }
    }
    // One that is both affirmed and denied means what the Hub makes of it.
    boolean unclear = denied.stream().anyMatch(parameters::contains);
    return unclear ? Optional.empty() : Optional.of(new RepoInfoQuery(parameters));
  }

  /** As it is sent to upstream, without the question mark. */
  String canonical() {
    return String.join("&", parameters);
  }

  /** Under which name the answer is kept. */
  String answerName() {
    return parameters.isEmpty() ? "info" : "info?" + canonical();
  }

  /** Whether it asks for some properties only, so that the answer need not say who may read. */
  boolean isPartial() {
    return parameters.stream().anyMatch(p -> p.startsWith("expand="));
  }
}
