package io.intrahub.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.access.Callers;
import io.intrahub.access.Fingerprints;
import io.intrahub.base.DirectBufferPool;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.LimitErrors;
import io.intrahub.mirror.CacheLabel;
import io.intrahub.mirror.ErrorReply;
import io.intrahub.mirror.FileAnswer;
import io.intrahub.mirror.TestContents;
import io.intrahub.store.TestBlobs;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that a test makes up, served by the real listener without a mirror behind it. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.SAME_THREAD)
class FileResponseTest {
  private static final byte[] BYTES = TestBlobs.bytes(1, 1_000);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);
  private static final String ETAG = BLOB.digest().etag();
  private static final CommitHash COMMIT = new CommitHash("c".repeat(40));
  private static final CacheLabel LABEL =
      new CacheLabel(
          CacheLabel.Source.HIT,
          Optional.of(Duration.ofSeconds(50)),
          Optional.of(Duration.ofSeconds(10)),
          false,
          false);

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final HttpClient client = HttpClient.newHttpClient();
  private final FileResponse responses =
      new FileResponse(new BodyWriter(new DirectBufferPool(1 << 20)));
  private final AtomicReference<FileResponse.File> file = new AtomicReference<>();
  private final List<Opened> opened = new CopyOnWriteArrayList<>();
  private HubServer server;

  /** How bytes were opened. */
  private record Opened(ByteRange.Span span, boolean completing) {}

  @BeforeAll
  void start() throws Exception {
    server =
        new HubServer(
            new HttpSettings("127.0.0.1", 0),
            ClientLimits.DEFAULT,
            exchange -> responses.write(exchange, file.get()),
            Callers.ofHub(new Fingerprints(new byte[32])),
            () -> "id-of-the-request",
            timer,
            System::nanoTime,
            _ -> {});
    server.start();
  }

  @AfterAll
  void stop() {
    server.close();
    client.close();
    timer.shutdownNow();
  }

  @BeforeEach
  void serve_the_usual_file() {
    opened.clear();
    file.set(file(BLOB, this::open));
  }

  private FileAnswer.Opened open(ByteRange.Span span, boolean completing) {
    opened.add(new Opened(span, completing));
    byte[] part = Arrays.copyOfRange(BYTES, (int) span.offset(), (int) span.end());
    return TestContents.of(part, LABEL);
  }

  private static FileResponse.File file(BlobId blob, FileAnswer.Opener opener) {
    return new FileResponse.File(
        blob,
        Optional.of(COMMIT),
        LABEL,
        false,
        Map.of("X-Identity", "identity"),
        Map.of("X-Presentation", "presentation"),
        opener);
  }

  private HttpResponse<byte[]> send(String method, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/x"))
            .version(HttpClient.Version.HTTP_1_1)
            .timeout(Duration.ofSeconds(20))
            .method(method, HttpRequest.BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private static Optional<String> header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name);
  }

  private static void assertDescribed(HttpResponse<?> response, boolean identity, boolean shown) {
    assertThat(header(response, "ETag")).contains(ETAG);
    assertThat(header(response, "X-Repo-Commit")).contains(COMMIT.hex());
    assertThat(header(response, "Accept-Ranges").isPresent()).isEqualTo(identity);
    assertThat(header(response, "X-Identity").isPresent()).isEqualTo(identity);
    assertThat(header(response, "X-Presentation").isPresent()).isEqualTo(shown);
    assertThat(header(response, "X-Content-Type-Options").isPresent()).isEqualTo(shown);
    assertThat(header(response, "Content-Security-Policy").isPresent()).isEqualTo(shown);
  }

  @Test
  void a_get_brings_the_whole_file_and_says_where_it_is_from() throws Exception {
    HttpResponse<byte[]> response = send("GET");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEqualTo(BYTES);
    assertDescribed(response, true, true);
    assertThat(header(response, "Content-Length")).contains("1000");
    assertThat(header(response, "Content-Type")).contains("application/octet-stream");
    assertThat(header(response, "Content-Range")).isEmpty();
    assertThat(header(response, "Cache-Status")).contains("intrahub; hit; ttl=50");
    assertThat(header(response, "Age")).contains("10");
    assertThat(opened).containsExactly(new Opened(ByteRange.Span.all(1_000), true));
  }

  @ParameterizedTest
  @CsvSource({"0-9, 0, 10, false", "990-, 990, 10, true", "-10, 990, 10, false"})
  void a_range_brings_its_part(String range, int offset, int length, boolean completing)
      throws Exception {
    HttpResponse<byte[]> response = send("GET", "Range", "bytes=" + range, "If-Range", ETAG);
    assertThat(response.statusCode()).isEqualTo(206);
    assertThat(response.body()).isEqualTo(Arrays.copyOfRange(BYTES, offset, offset + length));
    assertDescribed(response, true, true);
    assertThat(header(response, "Content-Length")).contains("10");
    assertThat(header(response, "Content-Range"))
        .contains("bytes " + offset + "-" + (offset + 9) + "/1000");
    assertThat(opened).containsExactly(new Opened(new ByteRange.Span(offset, length), completing));
  }

  @Test
  void a_head_has_the_headers_of_the_get_and_opens_nothing() throws Exception {
    HttpResponse<byte[]> whole = send("HEAD");
    assertThat(whole.statusCode()).isEqualTo(200);
    assertThat(whole.body()).isEmpty();
    assertDescribed(whole, true, true);
    assertThat(header(whole, "Content-Length")).contains("1000");
    assertThat(header(whole, "Cache-Status")).contains("intrahub; hit; ttl=50");
    HttpResponse<byte[]> part = send("HEAD", "Range", "bytes=0-9");
    assertThat(part.statusCode()).isEqualTo(206);
    assertThat(header(part, "Content-Length")).contains("10");
    assertThat(opened).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"GET", "HEAD"})
  void a_client_that_has_the_file_gets_no_body(String method) throws Exception {
    HttpResponse<byte[]> response =
        send(method, "If-None-Match", "W/" + ETAG, "Range", "bytes=0-9");
    assertThat(response.statusCode()).isEqualTo(304);
    assertThat(response.body()).isEmpty();
    assertDescribed(response, false, false);
    assertThat(header(response, "Cache-Status")).contains("intrahub; hit; ttl=50");
    assertThat(opened).isEmpty();
  }

  @Test
  void a_range_beyond_the_end_is_refused_with_the_size() throws Exception {
    HttpResponse<byte[]> response = send("GET", "Range", "bytes=1000-");
    assertThat(response.statusCode()).isEqualTo(416);
    assertDescribed(response, true, false);
    assertThat(header(response, "Content-Range")).contains("bytes */1000");
    assertThat(header(response, "Content-Type")).contains("application/json;charset=utf-8");
    assertThat(new String(response.body(), StandardCharsets.UTF_8)).contains("1000 bytes");
    assertThat(opened).isEmpty();
  }

  @Test
  void a_broken_range_is_refused() throws Exception {
    HttpResponse<byte[]> response = send("GET", "Range", "bytes=9-1");
    assertThat(response.statusCode()).isEqualTo(400);
    assertDescribed(response, false, false);
    assertThat(opened).isEmpty();
  }

  @Test
  void an_empty_file_answers_a_probe_with_its_size() throws Exception {
    BlobId empty = TestBlobs.sha256(new byte[0]);
    file.set(file(empty, (_, _) -> TestContents.of(new byte[0], LABEL)));
    HttpResponse<byte[]> response = send("GET", "Range", "bytes=0-0");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEmpty();
    assertThat(header(response, "Content-Length")).contains("0");
    assertThat(header(response, "Content-Range")).contains("bytes */0");
  }

  @Test
  void a_client_with_bytes_that_may_be_wrong_gets_the_whole_file() throws Exception {
    FileResponse.File usual = file.get();
    file.set(
        new FileResponse.File(
            usual.blob(),
            usual.commit(),
            usual.label(),
            true,
            usual.identity(),
            usual.presentation(),
            usual.opener()));
    HttpResponse<byte[]> response = send("GET", "Range", "bytes=500-");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEqualTo(BYTES);
    assertThat(header(response, "Content-Range")).isEmpty();
  }

  @Test
  void what_cannot_be_opened_is_an_error_without_the_files_headers() throws Exception {
    file.set(
        file(BLOB, (_, _) -> new ErrorReply(LimitErrors.overloaded("a test"), Optional.empty())));
    HttpResponse<byte[]> response = send("GET", "Range", "bytes=0-9");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(header(response, "X-Repo-Commit")).contains(COMMIT.hex());
    assertThat(response.headers().map())
        .doesNotContainKeys("etag", "accept-ranges", "content-range", "x-identity");
    assertThat(header(response, "X-Error-Message")).isPresent();
    assertThat(header(response, "Cache-Status")).contains("intrahub; detail=busy");
  }

  @Test
  void a_file_without_a_commit_names_none() throws Exception {
    file.set(
        new FileResponse.File(
            BLOB, Optional.empty(), LABEL, false, Map.of(), Map.of(), this::open));
    assertThat(header(send("GET"), "X-Repo-Commit")).isEmpty();
    assertThat(header(send("GET", "Range", "bytes=5000-"), "X-Repo-Commit")).isEmpty();
  }

  @Test
  void a_body_that_breaks_off_does_not_look_whole() {
    byte[] half = Arrays.copyOf(BYTES, 500);
    file.set(file(BLOB, (_, _) -> TestContents.broken(half, LABEL)));
    assertThatThrownBy(() -> send("GET")).isInstanceOf(IOException.class);
  }

  @Test
  void a_copy_that_can_not_be_read_is_not_blamed_on_the_hub() throws Exception {
    CacheLabel stored = LABEL.from(CacheLabel.Source.HIT);
    file.set(file(BLOB, (_, _) -> TestContents.broken(new byte[0], stored)));
    HttpResponse<byte[]> response = send("GET");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(header(response, "Retry-After")).isPresent();
    String id = header(response, "X-Request-Id").orElseThrow();
    assertThat(header(response, "X-Error-Message").orElseThrow())
        .contains("could not read its copy", id);
  }

  @Test
  void an_answer_of_the_hub_that_breaks_off_at_once_is_told_as_that() throws Exception {
    CacheLabel fetched = LABEL.from(CacheLabel.Source.MISS);
    file.set(file(BLOB, (_, _) -> TestContents.broken(new byte[0], fetched)));
    HttpResponse<byte[]> response = send("GET");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(header(response, "X-Error-Message").orElseThrow()).contains("The Hub's answer");
  }
}
