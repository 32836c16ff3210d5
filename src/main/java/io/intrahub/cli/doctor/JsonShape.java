package io.intrahub.cli.doctor;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * The shape of JSON: keys and types without any value. In its own JSON, a scalar is the name of its
 * type, several types are joined by {@code |}, an array has one element that stands for all of
 * them, and a key that only some objects have ends in {@code ?}. For one thread.
 */
final class JsonShape {
  private static final JsonFactory JSON = JsonFactory.builder().build();
  private static final int MAX_DEPTH = 12;
  private static final int MAX_KEYS = 200;

  /** Stands for keys that are data. */
  private static final String ANY_KEY = "{key}";

  private static final Pattern PLAIN_KEY = Pattern.compile("[A-Za-z_$@][A-Za-z0-9_$:-]{0,39}");

  /** Members that authors of repos fill: what is in them is no shape of the Hub. */
  private static final Set<String> FREE_FORM =
      Set.of("cardData", "config", "model-index", "transformersInfo", "widgetData");

  /** Members of which the keys are data. */
  private static final Set<String> MAPS = Set.of("parameters");

  private final Set<String> scalars = new TreeSet<>();
  private final Map<String, JsonShape> members = new TreeMap<>();
  private @Nullable JsonShape element;

  /** How many objects have been seen here. */
  private int objects;

  /** In how many objects this member has been seen. */
  private int occurrences;

  private JsonShape() {}

  /**
   * Reads a text.
   *
   * @return empty if it is not JSON, or cut off
   */
  static Optional<JsonNode> of(String text) {
    JsonShape shape = new JsonShape();
    try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), text)) {
      if (in.nextToken() == null) {
        return Optional.empty();
      }
      shape.read(in, 0);
      return in.nextToken() == null ? Optional.of(shape.toJson()) : Optional.empty();
    } catch (JacksonException _) {
      return Optional.empty();
    }
  }

  private void read(JsonParser in, int depth) {
    JsonToken token = in.currentToken();
    if (depth == MAX_DEPTH && token.isStructStart()) {
      in.skipChildren();
      scalars.add("deeper");
      return;
    }
    switch (token) {
      case START_OBJECT -> readObject(in, depth);
      case START_ARRAY -> {
        JsonShape each = element == null ? new JsonShape() : element;
        element = each;
        while (in.nextToken() != JsonToken.END_ARRAY) {
          each.read(in, depth + 1);
        }
      }
      case VALUE_STRING -> scalars.add("string");
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> scalars.add("number");
      case VALUE_TRUE, VALUE_FALSE -> scalars.add("boolean");
      default -> scalars.add("null");
    }
  }

  private void readObject(JsonParser in, int depth) {
    objects++;
    Set<String> seen = new TreeSet<>();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      JsonShape member = members.computeIfAbsent(key(name), _ -> new JsonShape());
      if (seen.add(key(name))) {
        member.occurrences++;
      }
      if (FREE_FORM.contains(name) && value.isStructStart()) {
        in.skipChildren();
        member.scalars.add(value == JsonToken.START_OBJECT ? "object" : "array");
      } else if (MAPS.contains(name) && value == JsonToken.START_OBJECT) {
        member.readMap(in, depth + 1);
      } else {
        member.read(in, depth + 1);
      }
    }
  }

  private void readMap(JsonParser in, int depth) {
    objects++;
    JsonShape any = members.computeIfAbsent(ANY_KEY, _ -> new JsonShape());
    any.occurrences++;
    while (in.nextToken() != JsonToken.END_OBJECT) {
      in.nextToken();
      any.read(in, depth + 1);
    }
  }

  private String key(String name) {
    boolean known = members.containsKey(name) || members.size() < MAX_KEYS;
    return known && PLAIN_KEY.matcher(name).matches() ? name : ANY_KEY;
  }

  private JsonNode toJson() {
    ArrayNode kinds = JsonMapper.shared().createArrayNode();
    if (!scalars.isEmpty()) {
      kinds.add(String.join("|", scalars));
    }
    if (objects > 0) {
      ObjectNode object = kinds.addObject();
      members.forEach((name, member) ->
          object.set(name + (member.occurrences < objects ? "?" : ""), member.toJson()));
    }
    JsonShape each = element;
    if (each != null) {
      ArrayNode array = kinds.addArray();
      if (each.isKnown()) {
        array.add(each.toJson());
      }
    }
    return switch (kinds.size()) {
      case 0 -> StringNode.valueOf("nothing");
      case 1 -> kinds.get(0);
      default -> JsonMapper.shared().createObjectNode().set("|", kinds);
    };
  }

  private boolean isKnown() {
    return !scalars.isEmpty() || objects > 0 || element != null;
  }
}
