package io.intrahub.cli.doctor;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.intrahub.base.PercentCoding;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Loads the small files of a repo through a mirror, as a client does. For one thread. */
final class RepoLoader implements AutoCloseable {
  private static final int MAX_FILES = 50;
  private static final long MAX_BYTES = 32L << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final HttpClient http =
      HttpClient.newBuilder()
          .proxy(HttpClient.Builder.NO_PROXY)
          .followRedirects(HttpClient.Redirect.NORMAL)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private final URI mirror;
  private final RepoId repo;

  RepoLoader(URI mirror, RepoId repo) {
    this.mirror = mirror;
    this.repo = repo;
  }

  /** What was loaded. */
  record Loaded(int files, long bytes, Duration took) {}

  /** The mirror did not answer with 200. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;
    private final boolean isOfRepo;

    RefusedException(boolean isOfRepo, String message) {
      super(message);
      this.isOfRepo = isOfRepo;
    }

    /** Whether a client without a token may not read the repo, or there is none. */
    boolean isOfRepo() {
      return isOfRepo;
    }
  }

  private record ListedFile(String path, long size) {}

  /**
   * Loads as many files as the limits allow, the smallest first.
   *
   * @throws RefusedException if the mirror answers with an error
   * @throws IOException if it gives no answer
   */
  Loaded load() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    List<ListedFile> files = files();
    long bytes = 0;
    for (ListedFile file : files) {
      String path = PercentCoding.encode(file.path(), "/");
      try (InputStream in = get(EndpointProbe.pages(repo) + "/resolve/main/" + path)) {
        bytes += in.readNBytes((int) MAX_BYTES).length;
      }
    }
    return new Loaded(files.size(), bytes, Duration.ofNanos(System.nanoTime() - begin));
  }

  private List<ListedFile> files() throws IOException, InterruptedException {
    List<ListedFile> listed = new ArrayList<>();
    try (InputStream in = get(EndpointProbe.api(repo) + "/revision/main?blobs=true")) {
      String info = new String(in.readNBytes(EndpointProbe.MAX_BODY), UTF_8);
      for (JsonNode file : JsonMapper.shared().readTree(info).path("siblings")) {
        String path = file.path("rfilename").asString("");
        long size = file.path("size").asLong(-1);
        if (!path.isEmpty() && size >= 0) {
          listed.add(new ListedFile(path, size));
        }
      }
    } catch (JacksonException e) {
      throw new IOException("the info about " + repo.id() + " is not JSON, or very long", e);
    }
    listed.sort(Comparator.comparingLong(ListedFile::size).thenComparing(ListedFile::path));
    List<ListedFile> chosen = new ArrayList<>();
    long bytes = 0;
    for (ListedFile file : listed) {
      bytes += file.size();
      if (chosen.size() == MAX_FILES || bytes > MAX_BYTES) {
        break;
      }
      chosen.add(file);
    }
    return chosen;
  }

  private InputStream get(String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(mirror + path)).timeout(PATIENCE).build();
    HttpResponse<InputStream> response =
        http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    if (response.statusCode() == 200) {
      return response.body();
    }
    response.body().close();
    boolean unknown =
        response
            .headers()
            .firstValue(HeaderNames.X_ERROR_CODE)
            .filter(ErrorCode.REPO_NOT_FOUND.wire()::equals)
            .isPresent();
    throw new RefusedException(
        unknown || response.statusCode() == 401 || response.statusCode() == 403,
        "the mirror answered %d to %s: %s"
            .formatted(
                response.statusCode(),
                path,
                response.headers().firstValue("X-Error-Message").orElse("")));
  }

  @Override
  public void close() {
    http.shutdownNow();
    http.close();
  }
}
