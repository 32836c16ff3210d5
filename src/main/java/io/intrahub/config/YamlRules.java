package io.intrahub.config;

import io.intrahub.base.AddressRanges;
import io.intrahub.hub.RepoPattern;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.core.JsonToken;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * Reads the list of {@code access.rules}, and reports each problem with the number of the rule, the
 * key and the line. For one list and one thread.
 */
final class YamlRules {
  private static final List<String> KEYS =
      List.of("clients", "tokens", "repos", "gated", "private");

  /** As {@code access.local.LocalToken} has it, which this package may not use. */
  private static final Pattern TOKEN_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  private final YAMLParser parser;
  private final String file;
  private final ConfigSources sources;

  YamlRules(YAMLParser parser, String file, ConfigSources sources) {
    this.parser = parser;
    this.file = file;
    this.sources = sources;
  }

  /** Reads the list that the parser has just begun, to its end. */
  void read(Option option, String where) {
    List<RuleOptions> rules = new ArrayList<>();
    int number = 0;
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      number++;
      String place = at(option.key() + ": rule " + number);
      if (token == JsonToken.START_OBJECT) {
        rules.add(rule(place, number));
      } else {
        sources.problem(
            place, "expected keys such as \"repos:\"; found " + found() + "; " + hint());
        parser.skipChildren();
      }
    }
    sources.putRules(option, where, rules);
  }

  private static String hint() {
    return "a rule has the keys " + String.join(", ", KEYS);
  }

  private RuleOptions rule(String place, int number) {
    List<String> clients = List.of();
    List<String> tokens = List.of();
    List<RepoPattern> repos = List.of();
    boolean gated = false;
    boolean hidden = false;
    Set<String> keys = new HashSet<>();
    for (JsonToken token = parser.nextToken();
        token == JsonToken.PROPERTY_NAME;
        token = parser.nextToken()) {
      String key = parser.getString();
      String where = at("access.rules: rule " + number + ": " + key);
      parser.nextToken();
      if (!keys.add(key)) {
        sources.problem(where, "is already set in this rule; remove one of the two");
        parser.skipChildren();
        continue;
      }
      switch (key) {
        case "clients" ->
            clients =
                list(
                    where,
                    ValueType.NETWORK.phrase(),
                    text -> AddressRanges.parse(text).map(_ -> text));
        case "tokens" ->
            tokens =
                list(
                    where,
                    "the name of a local token",
                    text -> Optional.of(text).filter(t -> TOKEN_NAME.matcher(t).matches()));
        case "repos" ->
            repos =
                list(
                    where,
                    "a pattern of repos such as acme/*, datasets/acme/* or gpt2",
                    RepoPattern::parse);
        case "gated" -> gated = flag(where);
        case "private" -> hidden = flag(where);
        default -> {
          sources.problem(where, "unknown key" + OptionNames.didYouMean(key, KEYS) + "; " + hint());
          parser.skipChildren();
        }
      }
    }
    if (!keys.contains("repos")) {
      sources.problem(
          place, "has no repos, so it would match nothing; write repos: [\"*/*\"] for all models");
    }
    return new RuleOptions(clients, tokens, repos, gated, hidden);
  }

  /** Reads a list of texts. An empty one is a problem: it would mean everybody, or nothing. */
  private <T> List<T> list(String where, String expected, Function<String, Optional<T>> parse) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      sources.problem(
          where,
          "expected a list in brackets, or one element per line after a hyphen; found " + found());
      parser.skipChildren();
      return List.of();
    }
    List<T> elements = new ArrayList<>();
    int count = 0;
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      count++;
      Optional<T> element =
          token.isScalarValue() && token != JsonToken.VALUE_NULL && !parser.isCurrentAlias()
              ? parse.apply(parser.getString().strip())
              : Optional.empty();
      element.ifPresentOrElse(
          elements::add,
          () -> sources.problem(where, "expected " + expected + "; found " + found()));
      parser.skipChildren();
    }
    if (count == 0) {
      sources.problem(where, "is an empty list; leave the key out, or write an element");
    }
    return elements;
  }

  private boolean flag(String where) {
    JsonToken token = parser.currentToken();
    String text = token.isScalarValue() ? parser.getString() : "";
    if (parser.isCurrentAlias() || !(text.equals("true") || text.equals("false"))) {
      sources.problem(where, "expected true or false; found " + found());
      parser.skipChildren();
    }
    return text.equals("true");
  }

  private String found() {
    return parser.isCurrentAlias()
        ? "an alias"
        : YamlFile.shape(
            parser.currentToken(), parser.currentToken().isScalarValue() ? parser.getString() : "");
  }

  private String at(String what) {
    return file + ":" + YamlFile.line(parser) + ": " + what;
  }
}
