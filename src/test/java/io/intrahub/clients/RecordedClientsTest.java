package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.testing.MirrorUnderTest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * The requests of each real client's first load, recorded by {@code ClientsTableIT}, get the same
 * answers from a mirror that knows nothing: status, the headers that clients use, and bytes.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RecordedClientsTest {
  static final List<TableRow> ROWS = TableRow.ALL;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private MirrorUnderTest mirror;

  @BeforeAll
  void start(@TempDir Path folder) {
    mirror = new MirrorUnderTest(folder.resolve("data"));
    TableRepos.install(mirror.hub());
  }

  @AfterAll
  void stop() {
    http.close();
    mirror.close();
  }

  @ParameterizedTest
  @FieldSource("ROWS")
  void a_recorded_load_gets_the_answers_that_the_client_got(TableRow row) throws Exception {
    List<RecordedExchange> recorded = RecordedExchange.read(row);
    assertThat(recorded).isNotEmpty();
    for (RecordedExchange exchange : recorded) {
      assertThat(replay(exchange)).isEqualTo(exchange);
    }
  }

  private RecordedExchange replay(RecordedExchange exchange) throws Exception {
    URI uri = URI.create(mirror.uri() + exchange.target());
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(
                exchange.method(),
                exchange.body().isEmpty()
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(exchange.body()));
    exchange.headers().forEach(request::header);
    HttpResponse<byte[]> answer =
        http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    Map<String, String> headers = new TreeMap<>();
    answer
        .headers()
        .map()
        .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getLast()));
    return RecordedExchange.of(
        exchange.method(),
        exchange.target(),
        exchange.headers(),
        exchange.body(),
        answer.statusCode(),
        headers,
        answer.body(),
        mirror.uri());
  }
}
