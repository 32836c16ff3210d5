package io.intrahub.clients;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls of the Python client's API that one process makes, see {@code api.py}. */
final class ApiCalls {
  private final List<List<Object>> calls = new ArrayList<>();

  /** Adds a call. */
  ApiCalls call(String name, Map<String, ?> keywords) {
    calls.add(List.of(name, keywords));
    return this;
  }

  /** Runs them, and gives what each of them returned or raised, in their order. */
  List<JsonNode> run(PythonClient.Call process) {
    JsonNode answer =
        process
            .script("api.py", JsonMapper.shared().writeValueAsString(calls))
            .expectSuccess()
            .json();
    return answer.get("results").valueStream().toList();
  }

  /** The class of the exception that a call raised, or "" if it returned. */
  static String error(JsonNode result) {
    return result.isObject() && result.has("error")
        ? result.get("error").get("type").asString()
        : "";
  }
}
