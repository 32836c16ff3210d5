package io.intrahub.cli.doctor;

import io.intrahub.base.PercentCoding;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.net.ConnectionErrors;
import io.intrahub.upstream.net.HttpProbe;
import io.intrahub.upstream.net.HttpProbe.Answer;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * Asks an endpoint a fixed list of questions and keeps the shapes of the answers: status, names of
 * headers, and keys and types of JSON. No value, content or token is kept. For one thread.
 */
public final class ShapeRecorder {
  /** The version of the format. */
  private static final int FORMAT = 1;

  private static final Duration TOTAL = Duration.ofMinutes(3);
  private static final int MAX_HEADERS = 100;
  private static final Pattern HEADER = Pattern.compile("[a-z0-9-]{1,64}");

  private final EndpointProbe endpoint;
  private final Subjects subjects;

  /**
   * The repos that are asked about.
   *
   * @param model a small public one with a file in LFS
   * @param dataset a public one
   * @param gated a gated model
   */
  public record Subjects(RepoId model, RepoId dataset, RepoId gated) {}

  public ShapeRecorder(EndpointProbe endpoint, Subjects subjects) {
    this.endpoint = endpoint;
    this.subjects = subjects;
  }

  /**
   * What was recorded.
   *
   * @param json the file
   * @param unanswered number of questions without an answer
   */
  public record Recording(String json, int unanswered) {}

  /**
   * Asks everything.
   *
   * @throws IOException if the model can't be listed, with what to do
   */
  public Recording record() throws IOException {
    Map<String, String> values = values();
    ObjectNode file = JsonMapper.shared().createObjectNode();
    file.put("format", FORMAT);
    ArrayNode answers = file.putArray("answers");
    long end = System.nanoTime() + TOTAL.toNanos();
    int unanswered = 0;
    for (ShapeQuestions.Question question : ShapeQuestions.all()) {
      ObjectNode entry = entry(answers, question.name(), question.method(), question.path());
      try {
        if (System.nanoTime() > end) {
          throw new IOException("no time left");
        }
        ask(question, values, entry, answers);
      } catch (IOException _) {
        unanswered++;
        entry.put("status", "no answer");
      }
    }
    return new Recording(file.toPrettyString() + "\n", unanswered);
  }

  private static ObjectNode entry(ArrayNode answers, String name, String method, String path) {
    return answers.addObject().put("question", name).put("method", method).put("path", path);
  }

  private void ask(
      ShapeQuestions.Question question,
      Map<String, String> values,
      ObjectNode entry,
      ArrayNode answers)
      throws IOException {
    URI address = endpoint.address(fill(question.path(), values, true));
    HttpProbe.Question asked = part(question, address);
    if (question.json().isPresent()) {
      asked = asked.withJson(fill(question.json().get(), values, false));
    }
    Answer answer = endpoint.send(asked);
    describe(answer, question, entry);
    Optional<URI> target = endpoint.http().redirect(address, answer);
    if (answer.header("Location").isPresent()) {
      entry.put("redirect", kind(answer, address, target));
    }
    if (question.follow() && target.isPresent()) {
      ObjectNode next =
          entry(answers, question.name() + ", redirected", question.method(), "{location}");
      describe(endpoint.send(part(question, target.get())), question, next);
    }
  }

  private HttpProbe.Question part(ShapeQuestions.Question question, URI address) {
    HttpProbe.Question asked = endpoint.question(question.method(), address);
    return question.part() ? asked.withHeader("Range", "bytes=0-0") : asked;
  }

  private static String kind(Answer answer, URI from, Optional<URI> target) {
    if (answer.header("Location").orElse("").startsWith("/")) {
      return "relative";
    }
    boolean same = target.map(URI::getAuthority).equals(Optional.of(from.getAuthority()));
    return same ? "absolute, same host" : "absolute, other host";
  }

  private static void describe(Answer answer, ShapeQuestions.Question question, ObjectNode entry) {
    entry.put("status", answer.status());
    ArrayNode headers = entry.putArray("headers");
    answer.headers().keySet().stream()
        .filter(name -> HEADER.matcher(name).matches())
        .limit(MAX_HEADERS)
        .forEach(headers::add);
    if (answer.body().isEmpty()) {
      return;
    }
    String type = answer.header("Content-Type").orElse("").toLowerCase(Locale.ROOT);
    // A file may be JSON too, but its content is no shape of the Hub.
    boolean ofFile = question.part() && answer.status() < 300;
    if (type.contains("json") && !ofFile) {
      Optional<JsonNode> shape = answer.whole() ? JsonShape.of(answer.body()) : Optional.empty();
      shape.ifPresentOrElse(
          json -> entry.set("body", json), () -> entry.put("body", "unreadable JSON"));
    } else {
      entry.put("body", type.startsWith("text/") ? "text" : "bytes");
    }
  }

  /** What the names in braces stand for. */
  private Map<String, String> values() throws IOException {
    Map<String, String> values = new HashMap<>();
    values.put("model", subjects.model().id());
    values.put("dataset", subjects.dataset().id());
    values.put("gated", subjects.gated().id());
    try {
      String api = EndpointProbe.api(subjects.model());
      JsonNode info = JsonMapper.shared().readTree(endpoint.get(api).body());
      values.put("commit", info.path("sha").asString("main"));
      String listing = endpoint.get(api + "/tree/main?recursive=true").body();
      for (JsonNode file : JsonMapper.shared().readTree(listing)) {
        if (file.path("type").asString("").equals("file")) {
          values.putIfAbsent(
              file.path("lfs").isObject() ? "large" : "small", file.path("path").asString(""));
        }
      }
    } catch (JacksonException e) {
      throw new IOException(endpoint.host() + " does not answer as a Hub does", e);
    } catch (IOException e) {
      throw new IOException(endpoint.host() + ": " + ConnectionErrors.describe(e), e);
    }
    if (!values.containsKey("small") || !values.containsKey("large")) {
      throw new IOException(
          "%s has no public model %s with a small file and one in LFS; name one with --repo"
              .formatted(endpoint.host(), subjects.model().id()));
    }
    return values;
  }

  /** As it is written between the quotes of a JSON string. */
  private static String inQuotes(String text) {
    String quoted = StringNode.valueOf(text).toString();
    return quoted.substring(1, quoted.length() - 1);
  }

  private static String fill(String template, Map<String, String> values, boolean inPath) {
    String filled = template;
    for (Map.Entry<String, String> value : values.entrySet()) {
      String text =
          inPath ? PercentCoding.encode(value.getValue(), "/") : inQuotes(value.getValue());
      filled = filled.replace("{" + value.getKey() + "}", text);
    }
    return filled;
  }
}
