package io.intrahub.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * Reads the options of a YAML file. It goes through the parser's tokens instead of binding the text
 * to the records: binding ends at the first problem, does not know the line of an unknown key, and
 * takes the second of two equal keys without a word. For one file and one thread.
 */
final class YamlFile {
  /** As the parser's message says where it stands; its own location is that of the last token. */
  private static final Pattern MARK = Pattern.compile("line (\\d+), column \\d+");

  private static final Pattern MISSING_SPACE = Pattern.compile("[\\w-]+:\\S.*", Pattern.DOTALL);

  private final String file;
  private final String text;
  private final ConfigSources sources;
  private final Map<String, Integer> lines = new HashMap<>();

  private YamlFile(String file, String text, ConfigSources sources) {
    this.file = file;
    this.text = text;
    this.sources = sources;
  }

  /**
   * Reads a file.
   *
   * @param file its name, for messages
   * @param text its content, without a byte order mark
   * @param sources takes values and problems
   */
  static void read(String file, String text, ConfigSources sources) {
    new YamlFile(file, text, sources).read();
  }

  private void read() {
    try (JsonParser parser =
        YAMLFactory.builder().build().createParser(ObjectReadContext.empty(), text)) {
      JsonToken first = parser.nextToken();
      if (first == JsonToken.START_OBJECT) {
        section((YAMLParser) parser, "");
      } else if (first != null && first != JsonToken.VALUE_NULL) {
        sources.problem(
            at(line(parser)),
            "expected options such as \"server:\" at the start of a line; found "
                + shape(first, parser.getString()));
        parser.skipChildren();
      }
      if (parser.nextToken() != null) {
        sources.problem(
            at(line(parser)), "a second YAML document begins here; only one is allowed");
      }
    } catch (JacksonException e) {
      notYaml(String.valueOf(e.getOriginalMessage()));
    }
  }

  private void section(YAMLParser parser, String prefix) {
    for (JsonToken token = parser.nextToken();
        token == JsonToken.PROPERTY_NAME;
        token = parser.nextToken()) {
      String name = parser.getString();
      String key = prefix + name;
      int line = line(parser);
      String where = at(line) + ": " + key;
      JsonToken value = parser.nextToken();
      Optional<Option> option = Options.find(key);
      Integer earlier = lines.putIfAbsent(key, line);
      if (earlier != null) {
        sources.problem(where, "is already set in line " + earlier + "; remove one of the two");
        parser.skipChildren();
      } else if (parser.isCurrentAlias()) {
        sources.problem(
            where, "aliases (*" + parser.getString() + ") are not supported; write the value out");
      } else if (option.isPresent() && !name.contains(".")) {
        option(parser, option.get(), where, value);
      } else if (Options.sections().containsKey(key)) {
        subsection(parser, key, where, value);
      } else {
        unknown(key, where);
        parser.skipChildren();
      }
    }
  }

  private void subsection(YAMLParser parser, String key, String where, JsonToken value) {
    if (value == JsonToken.START_OBJECT) {
      section(parser, key + ".");
    } else if (value != JsonToken.VALUE_NULL) {
      String found = parser.getString();
      String hint =
          value.isScalarValue() && MISSING_SPACE.matcher(found).matches()
              ? "; YAML requires a space after the colon"
              : "";
      sources.problem(
          where,
          "expected indented options on the lines below it; found " + shape(value, found) + hint);
      parser.skipChildren();
    }
  }

  private void option(YAMLParser parser, Option option, String where, JsonToken value) {
    if (value == JsonToken.START_ARRAY && option.type() == ValueType.RULE) {
      new YamlRules(parser, file, sources).read(option, where);
    } else if (value == JsonToken.START_ARRAY && option.type() == ValueType.ENDPOINT) {
      new YamlEndpoints(parser, file, sources, option).read(where);
    } else if (value == JsonToken.START_ARRAY && option.list()) {
      list(parser, option, where);
    } else if (value.isScalarValue()) {
      sources.put(option, where, value == JsonToken.VALUE_NULL ? "" : parser.getString());
    } else {
      sources.wrongShape(option, where, shape(value, ""));
      parser.skipChildren();
    }
  }

  private void list(YAMLParser parser, Option option, String where) {
    List<String> elements = new ArrayList<>();
    boolean whole = true;
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      if (token.isScalarValue() && !parser.isCurrentAlias()) {
        elements.add(token == JsonToken.VALUE_NULL ? "" : parser.getString());
      } else {
        whole = false;
        sources.wrongShape(
            option,
            at(line(parser)) + ": " + option.key(),
            parser.isCurrentAlias() ? "an alias" : shape(token, ""));
        parser.skipChildren();
      }
    }
    if (whole) {
      sources.putList(option, where, elements);
    }
  }

  private void unknown(String key, String where) {
    if (Options.find(key).isPresent()) {
      int dot = key.indexOf('.');
      sources.problem(
          where,
          "write it on two lines: \"%s:\", and below it, indented, \"%s:\""
              .formatted(key.substring(0, dot), key.substring(dot + 1)));
    } else {
      sources.problem(where, "unknown option" + OptionNames.didYouMean(key, Options.names()));
    }
  }

  private void notYaml(String message) {
    List<String> said = message.lines().toList();
    int line = 0;
    String what = said.isEmpty() ? "" : said.getFirst();
    for (int i = 0; i < said.size(); i++) {
      Matcher mark = MARK.matcher(said.get(i));
      if (mark.find()) {
        line = Integer.parseInt(mark.group(1));
        what = i == 0 ? what : said.get(i - 1);
      }
    }
    if (line > 0 && text.lines().skip(line - 1L).limit(1).anyMatch(YamlFile::isTabbed)) {
      what = "this line is indented with a tab; YAML requires spaces";
    } else {
      what = "not valid YAML: " + what;
    }
    sources.problem(line > 0 ? at(line) : file, what);
  }

  private static boolean isTabbed(String line) {
    return line.matches(" *\t.*");
  }

  static String shape(JsonToken token, String scalar) {
    return switch (token) {
      case START_ARRAY -> "a list";
      case START_OBJECT -> "a group of options";
      case VALUE_NULL -> "nothing";
      default -> ConfigSources.quote(scalar);
    };
  }

  static int line(JsonParser parser) {
    return parser.currentTokenLocation().getLineNr();
  }

  private String at(int line) {
    return file + ":" + line;
  }
}
