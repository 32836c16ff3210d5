package io.intrahub.cli.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Compares two files of {@code doctor --record}, a line for each difference. For one thread. */
final class ShapeDifferences {
  private final List<String> lines = new ArrayList<>();

  private ShapeDifferences() {}

  /** Says how the second differs from the first. */
  static List<String> between(String first, String second) {
    ShapeDifferences differences = new ShapeDifferences();
    Map<String, JsonNode> before = answers(first);
    Map<String, JsonNode> after = answers(second);
    Set<String> names = new TreeSet<>(before.keySet());
    names.addAll(after.keySet());
    for (String name : names) {
      JsonNode one = before.get(name);
      JsonNode other = after.get(name);
      if (one == null || other == null) {
        differences.lines.add(name + ": only in the " + (one == null ? "second" : "first"));
      } else {
        differences.compare(name, one, other);
      }
    }
    return differences.lines;
  }

  private static Map<String, JsonNode> answers(String file) {
    Map<String, JsonNode> answers = new LinkedHashMap<>();
    for (JsonNode answer : JsonMapper.shared().readTree(file).path("answers")) {
      answers.put(answer.path("question").asString(), answer);
    }
    return answers;
  }

  private void compare(String where, JsonNode first, JsonNode second) {
    if (first.equals(second)) {
      return;
    }
    if (first.isObject() && second.isObject()) {
      Set<String> names = new TreeSet<>(first.propertyNames());
      names.addAll(second.propertyNames());
      for (String name : names) {
        compare(where + "." + name, first.path(name), second.path(name));
      }
    } else if (isOfOne(first) && isOfOne(second)) {
      compare(where + "[]", first.get(0), second.get(0));
    } else if (first.isArray() && second.isArray()) {
      Set<JsonNode> gone = new LinkedHashSet<>(first.valueStream().toList());
      Set<JsonNode> come = new LinkedHashSet<>(second.valueStream().toList());
      second.forEach(gone::remove);
      first.forEach(come::remove);
      gone.forEach(one -> lines.add(where + ": without " + one));
      come.forEach(one -> lines.add(where + ": with " + one));
    } else {
      lines.add(where + ": " + text(second) + " instead of " + text(first));
    }
  }

  /** Whether it is the shape of an array. */
  private static boolean isOfOne(JsonNode node) {
    return node.isArray() && node.size() == 1;
  }

  private static String text(JsonNode node) {
    return node.isMissingNode() ? "nothing" : node.toString();
  }
}
