package io.intrahub.clients;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One load by a client of {@link TableRow}, of the repo that an ending names. */
record TableLoad(TableRow row, String ending, Optional<String> token) {
  private static final Pattern COLOUR = Pattern.compile("\u001b\\[[0-9;]*m");
  private static final Pattern MESSAGE = Pattern.compile("Error: ([^.\n]+)");

  /**
   * What a client got.
   *
   * @param digests of the files, by path
   * @param rows their number and the sum of their ids; empty for files
   * @param refusal the exception, and the status behind it; empty if the client loaded the repo
   * @param details for a failed assertion
   */
  record Outcome(Map<String, String> digests, String rows, String refusal, String details) {
    static Outcome refused(String refusal, String details) {
      return new Outcome(Map.of(), "", refusal, details);
    }
  }

  /** Runs loads of clients that share an environment, in one new process and one empty cache. */
  static Map<TableLoad, Outcome> inOneProcess(PythonClient.Call call, List<TableLoad> loads) {
    List<Map<String, Object>> plan =
        loads.stream()
            .<Map<String, Object>>map(load -> {
              Map<String, Object> one = new HashMap<>();
              one.put("client", load.row.function());
              one.put("repo", load.row.repo(load.ending));
              one.put("token", load.token.orElse(null));
              return one;
            })
            .toList();
    JsonNode results =
        call.script("table.py", JsonMapper.shared().writeValueAsString(plan))
            .expectSuccess()
            .json()
            .get("results");
    Map<TableLoad, Outcome> outcomes = new HashMap<>();
    for (int i = 0; i < loads.size(); i++) {
      outcomes.put(loads.get(i), outcome(results.get(i)));
    }
    return outcomes;
  }

  private static Outcome outcome(JsonNode result) {
    if (result.has("error")) {
      return Outcome.refused(refusal(result.get("error")), result.toString());
    }
    Map<String, String> digests = new TreeMap<>();
    if (result.has("files")) {
      result
          .get("files")
          .properties()
          .forEach(f -> digests.put(f.getKey(), f.getValue().asString()));
    }
    String rows = result.has("rows") ? result.get("rows").toString() : "";
    return new Outcome(digests, rows, "", result.toString());
  }

  /** The exception that the user sees, and the status of the answer from which it came. */
  private static String refusal(JsonNode error) {
    Optional<Integer> status = Optional.empty();
    for (JsonNode e = error; !e.isNull() && status.isEmpty(); e = e.get("cause")) {
      status = Optional.of(e.get("status")).filter(JsonNode::isNumber).map(JsonNode::asInt);
    }
    return "`" + error.get("type").asString() + "`" + status.map(s -> ", " + s).orElse("");
  }

  /** Runs the command line tool once. */
  Outcome byCommand(PythonClient.Call call) {
    Path folder = call.home().resolve("local");
    token.ifPresent(call::token);
    ClientResult result = call.hf("download", row.repo(ending), "--local-dir", folder.toString());
    String said = COLOUR.matcher(result.stdout() + result.stderr()).replaceAll("");
    if (result.exitCode() != 0) {
      Matcher m = MESSAGE.matcher(said);
      String why = m.find() ? "\"" + m.group(1) + "\", " : "";
      return Outcome.refused(why + "status " + result.exitCode(), said);
    }
    return new Outcome(filesOf(folder), "", "", said);
  }

  private static Map<String, String> filesOf(Path folder) {
    Map<String, String> digests = new TreeMap<>();
    try (var files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String path = folder.relativize(file).toString();
        if (!path.startsWith(".cache/")) {
          digests.put(path, DevFile.lfs(Files.readAllBytes(file)).sha256());
        }
      }
      return digests;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Asks for each file of the repo by itself. */
  Outcome byCurl(CurlClient curl, URI endpoint, DevRepo repo) {
    String[] headers =
        token
            .map(t -> new String[] {"-H", "Authorization: Bearer " + t})
            .orElseGet(() -> new String[0]);
    Map<String, String> digests = new TreeMap<>();
    for (String path : repo.files("main").keySet()) {
      String encoded =
          URLEncoder.encode(path, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", "/");
      CurlClient.Answer answer =
          curl.get(endpoint + "/" + repo.id() + "/resolve/main/" + encoded, headers);
      if (answer.status() != 200) {
        String code = answer.header("X-Error-Code");
        return Outcome.refused("%d `%s`".formatted(answer.status(), code), answer.text());
      }
      digests.put(path, DevFile.lfs(answer.bytes()).sha256());
    }
    return new Outcome(digests, "", "", "");
  }
}
