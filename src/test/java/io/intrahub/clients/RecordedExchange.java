package io.intrahub.clients;

import io.intrahub.devhub.DevFile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * A request of a real client and what the mirror answered, without the address of the mirror. The
 * files are written by {@code ClientsTableIT} and replayed by {@code RecordedClientsTest}.
 *
 * @param headers of the request, as far as they can change the answer; names in lower case
 * @param body of the request
 * @param answer the headers of the answer that clients use; names in lower case
 * @param sha256 of the body of the answer
 */
record RecordedExchange(
    String method,
    String target,
    Map<String, String> headers,
    String body,
    int status,
    Map<String, String> answer,
    String sha256) {

  static final Path FOLDER = Path.of("src/test/resources/clients/recorded");

  private static final List<String> ASKED =
      List.of("accept", "accept-encoding", "content-type", "range", "user-agent");
  private static final List<String> ANSWERED =
      List.of(
          "accept-ranges",
          "content-range",
          "etag",
          "link",
          "location",
          "x-error-code",
          "x-linked-etag",
          "x-linked-size",
          "x-repo-commit");

  static RecordedExchange of(
      String method,
      String target,
      Map<String, String> headers,
      String body,
      int status,
      Map<String, String> answer,
      byte[] content,
      URI mirror) {
    Map<String, String> asked = only(headers, ASKED);
    asked.computeIfPresent(
        "user-agent", (_, value) -> value.replaceAll("python/3[\\d.]*", "python/3"));
    Map<String, String> answered = only(answer, ANSWERED);
    answered.replaceAll((_, value) -> value.replace(mirror.toString(), "{mirror}"));
    return new RecordedExchange(
        method, target, asked, body, status, answered, DevFile.lfs(content).sha256());
  }

  private static Map<String, String> only(Map<String, String> headers, List<String> names) {
    Map<String, String> kept = new TreeMap<>(headers);
    kept.keySet().retainAll(names);
    return kept;
  }

  /** The request in one line. */
  String request() {
    return (method + " " + target + " " + headers.getOrDefault("range", "") + body).strip();
  }

  /** Each request once, in an order that does not depend on the client's threads. */
  static List<RecordedExchange> sorted(Collection<RecordedExchange> exchanges) {
    Map<String, RecordedExchange> byRequest = new TreeMap<>(Comparator.naturalOrder());
    exchanges.forEach(e -> byRequest.putIfAbsent(e.request(), e));
    return new ArrayList<>(byRequest.values());
  }

  static List<RecordedExchange> read(TableRow row) throws IOException {
    return Arrays.asList(
        JsonMapper.shared().readValue(Files.readString(file(row)), RecordedExchange[].class));
  }

  static void write(TableRow row, List<RecordedExchange> exchanges) throws IOException {
    Files.createDirectories(FOLDER);
    String json =
        JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(exchanges);
    Files.writeString(file(row), json + "\n");
  }

  private static Path file(TableRow row) {
    return FOLDER.resolve(row.id() + ".json");
  }
}
