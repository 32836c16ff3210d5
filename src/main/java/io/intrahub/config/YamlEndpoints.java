package io.intrahub.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JsonToken;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * Reads the list of {@code upstream.endpoints}, whose elements are addresses or groups of keys. For
 * one list and one thread.
 */
final class YamlEndpoints {
  private static final List<String> KEYS = List.of("url", "authoritative", "send-tokens");

  private final YAMLParser parser;
  private final String file;
  private final ConfigSources sources;
  private final Option option;

  YamlEndpoints(YAMLParser parser, String file, ConfigSources sources, Option option) {
    this.parser = parser;
    this.file = file;
    this.sources = sources;
    this.option = option;
  }

  /** Reads the list that the parser has just begun, to its end. */
  void read(String where) {
    List<Object> endpoints = new ArrayList<>();
    boolean isEmpty = true;
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      isEmpty = false;
      if (token == JsonToken.START_OBJECT) {
        endpoint().ifPresent(endpoints::add);
      } else if (token.isScalarValue() && !parser.isCurrentAlias()) {
        String text = token == JsonToken.VALUE_NULL ? "" : parser.getString();
        sources.parse(option, at(option.key()), text).ifPresent(endpoints::add);
      } else {
        sources.wrongShape(option, at(option.key()), found());
        parser.skipChildren();
      }
    }
    if (isEmpty) {
      sources.putList(option, where, List.of());
    } else {
      sources.putElements(option, where, endpoints);
    }
  }

  /** Empty if its address is missing or wrong, which was reported. */
  private Optional<EndpointOptions> endpoint() {
    String place = at(option.key());
    Optional<EndpointOptions> named = Optional.empty();
    Optional<Boolean> authoritative = Optional.empty();
    Optional<Boolean> sendTokens = Optional.empty();
    Set<String> keys = new HashSet<>();
    for (JsonToken token = parser.nextToken();
        token == JsonToken.PROPERTY_NAME;
        token = parser.nextToken()) {
      String key = parser.getString();
      String where = at(option.key() + ": " + key);
      parser.nextToken();
      if (!keys.add(key)) {
        sources.problem(where, "is already set for this endpoint; remove one of the two");
        parser.skipChildren();
        continue;
      }
      switch (key) {
        case "url" -> named = address(where);
        case "authoritative" -> authoritative = flag(where);
        case "send-tokens" -> sendTokens = flag(where);
        default -> {
          sources.problem(
              where,
              "unknown key"
                  + OptionNames.didYouMean(key, KEYS)
                  + "; an endpoint has the keys "
                  + String.join(", ", KEYS));
          parser.skipChildren();
        }
      }
    }
    if (!keys.contains("url")) {
      sources.problem(place, "an endpoint has no url; write url: https://hub.example");
    }
    if (named.isEmpty()) {
      return named;
    }
    EndpointOptions written = named.get();
    Optional<Boolean> inUrl = written.sendTokens();
    return Optional.of(
        new EndpointOptions(written.address(), authoritative, sendTokens.or(() -> inUrl)));
  }

  private Optional<EndpointOptions> address(String where) {
    if (!parser.currentToken().isScalarValue() || parser.isCurrentAlias()) {
      sources.wrongShape(option, where, found());
      parser.skipChildren();
      return Optional.empty();
    }
    return sources.parse(option, where, parser.getString()).map(EndpointOptions.class::cast);
  }

  private Optional<Boolean> flag(String where) {
    JsonToken token = parser.currentToken();
    String text = token.isScalarValue() && !parser.isCurrentAlias() ? parser.getString() : "";
    if (text.equals("true") || text.equals("false")) {
      return Optional.of(text.equals("true"));
    }
    sources.problem(where, "expected true or false; found " + found());
    parser.skipChildren();
    return Optional.empty();
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
