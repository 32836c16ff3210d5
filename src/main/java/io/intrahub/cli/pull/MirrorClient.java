package io.intrahub.cli.pull;

import io.intrahub.cli.command.OperatorListener;
import io.intrahub.cli.command.ProductVersion;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.LinkHeader;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.hub.json.EntryJson;
import io.intrahub.hub.json.ErrorJson;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.RepoInfoJson;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * Reads from a mirror as the Hub's clients do, with the user's token. Sizes are in bytes. Safe for
 * use by many threads; each call ends soon when its thread is interrupted.
 */
final class MirrorClient implements AutoCloseable {
  /** Longer than a mirror keeps a client waiting for the head of an answer. */
  private static final Duration HEAD_PATIENCE = Duration.ofMinutes(5);

  private static final int MAX_ERROR = 64 << 10;
  private static final int MAX_INFO = 1 << 20;
  private static final int BUFFER = 64 << 10;
  private static final int TRIES = 3;
  private static final Duration MOST_WAIT = Duration.ofSeconds(60);

  private final HttpClient http = OperatorListener.client();
  private final URI mirror;
  private final Optional<String> token;

  /**
   * Creates a client.
   *
   * @param mirror what clients set as {@code HF_ENDPOINT}
   * @param token the user's; it is sent to the mirror only
   */
  MirrorClient(URI mirror, Optional<String> token) {
    this.mirror = mirror;
    this.token = token;
  }

  /**
   * Asks for the commit of a revision.
   *
   * @throws IOException if the mirror can't be reached or its answer can't be understood
   */
  CommitHash commit(RepoId repo, Revision revision)
      throws MirrorErrorException, IOException, InterruptedException {
    HttpResponse<InputStream> answer =
        send(request(new HubTarget.RepoInfo(repo, Optional.of(revision)).format()).GET());
    try (InputStream body = answer.body()) {
      expectOk(answer, body);
      Optional<CommitHash> named = header(answer, HeaderNames.X_REPO_COMMIT);
      return named
          .or(revision::asCommit)
          .or(() -> commitIn(body))
          .orElseThrow(() -> new IOException("the mirror's repo info names no commit"));
    }
  }

  private static Optional<CommitHash> header(HttpResponse<?> answer, String name) {
    return answer.headers().firstValue(name).flatMap(CommitHash::parse);
  }

  private static Optional<CommitHash> commitIn(InputStream body) {
    try {
      return RepoInfoJson.readBeginning(body.readNBytes(MAX_INFO)).commit();
    } catch (IOException | MalformedJsonException _) {
      return Optional.empty();
    }
  }

  /**
   * Passes all entries of a commit on, in pages of the mirror.
   *
   * @throws IOException if the mirror can't be reached or its answer can't be understood
   */
  void list(RepoId repo, CommitHash commit, Consumer<Entry> to)
      throws MirrorErrorException, IOException, InterruptedException {
    String tree = new HubTarget.Tree(repo, commit.asRevision(), Optional.empty()).format();
    Optional<String> page = Optional.of(tree + "?recursive=true&expand=false");
    while (page.isPresent()) {
      HttpResponse<InputStream> answer = send(request(page.get()).GET());
      try (InputStream body = answer.body()) {
        expectOk(answer, body);
        EntryJson.read(body, sent -> to.accept(sent.entry()));
      } catch (MalformedJsonException e) {
        throw new IOException("the mirror's list of files can't be read: " + e.getMessage(), e);
      } catch (IOException e) {
        throw orInterrupted(e);
      }
      page = answer.headers().firstValue("Link").flatMap(LinkHeader::next).map(this::onMirror);
      if (page.isPresent() && !page.get().startsWith(tree + "?")) {
        throw new IOException("the mirror's list of files continues somewhere else");
      }
    }
  }

  /** The target of a link without its host: whatever that says, the token goes to the mirror. */
  private String onMirror(String link) {
    try {
      URI address = mirror.resolve(link);
      return address.getRawPath() + "?" + address.getRawQuery();
    } catch (IllegalArgumentException _) {
      return "";
    }
  }

  /**
   * Asks whether the mirror can serve a file without upstream. It makes no call for this.
   *
   * @throws IOException if the mirror can't be reached
   */
  boolean isStored(RepoId repo, CommitHash commit, FilePath path)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        file(repo, commit, path)
            .header("Cache-Control", "only-if-cached, max-stale")
            .method("HEAD", HttpRequest.BodyPublishers.noBody());
    HttpResponse<InputStream> answer = send(request);
    answer.body().close();
    return answer.statusCode() == 200;
  }

  /**
   * Has the mirror fetch and store a file, by reading it to its end. A connection that breaks is
   * opened again and continues.
   *
   * @param progress called with the number of bytes that have arrived; less than before if the
   *     mirror begins again
   * @throws IOException if the mirror can't be reached or sends less than the file
   */
  void fetch(RepoId repo, CommitHash commit, FilePath path, LongConsumer progress)
      throws MirrorErrorException, IOException, InterruptedException {
    FileReading reading = new FileReading(progress);
    for (int left = TRIES - 1; ; left--) {
      try {
        if (read(repo, commit, path, reading)) {
          return;
        }
        throw new MirrorErrorException(
            200,
            "the mirror passed it on without storing it, because its store is full or can't be"
                + " written; its log says why");
      } catch (MirrorErrorException e) {
        Optional<Duration> pause = reading.pause();
        if (e.status() != 429 || left == 0 || pause.isEmpty()) {
          throw e;
        }
        Thread.sleep(pause.get());
      } catch (IOException e) {
        IOException broken = orInterrupted(e);
        if (left == 0) {
          throw broken;
        }
      }
    }
  }

  /** How far the reading of one file is, over all its connections. For one thread. */
  private static final class FileReading {
    private final LongConsumer progress;
    private long received;
    private Optional<Duration> pause = Optional.empty();

    FileReading(LongConsumer progress) {
      this.progress = progress;
    }

    /** How long the last answer asked to wait, if that is not too long. */
    Optional<Duration> pause() {
      return pause;
    }

    void begin(HttpResponse<?> answer) {
      pause =
          answer
              .headers()
              .firstValue("Retry-After")
              .filter(seconds -> seconds.matches("[0-9]{1,5}"))
              .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)))
              .filter(wait -> wait.compareTo(MOST_WAIT) <= 0);
      if (answer.statusCode() == 200) {
        at(0);
      }
    }

    void at(long bytes) {
      received = bytes;
      progress.accept(bytes);
    }
  }

  /** Returns whether the mirror stores what it sent. */
  private boolean read(RepoId repo, CommitHash commit, FilePath path, FileReading reading)
      throws MirrorErrorException, IOException, InterruptedException {
    HttpRequest.Builder request = file(repo, commit, path).GET();
    if (reading.received > 0) {
      request.header("Range", "bytes=" + reading.received + "-");
    }
    HttpResponse<InputStream> answer = send(request);
    try (InputStream body = answer.body()) {
      reading.begin(answer);
      if (answer.statusCode() == 416 && reading.received > 0) {
        // The connection broke behind the last byte.
        return isStored(repo, commit, path);
      }
      if (answer.statusCode() != 206) {
        expectOk(answer, body);
      }
      byte[] buffer = new byte[BUFFER];
      for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
        reading.at(reading.received + n);
      }
    }
    String status = answer.headers().firstValue(HeaderNames.CACHE_STATUS).orElse("");
    return !status.contains("fwd=bypass") || isStored(repo, commit, path);
  }

  private HttpRequest.Builder file(RepoId repo, CommitHash commit, FilePath path) {
    return request(new HubTarget.ResolveFile(repo, commit.asRevision(), path).format());
  }

  private HttpRequest.Builder request(String target) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(mirror.resolve(target))
            .version(HttpClient.Version.HTTP_1_1)
            .header("User-Agent", "intrahub-pull/" + ProductVersion.number())
            .timeout(HEAD_PATIENCE);
    token.ifPresent(secret -> request.header(HeaderNames.AUTHORIZATION, "Bearer " + secret));
    return request;
  }

  private HttpResponse<InputStream> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
  }

  private static void expectOk(HttpResponse<?> answer, InputStream body)
      throws MirrorErrorException, IOException {
    if (answer.statusCode() == 200) {
      return;
    }
    String text = new String(body.readNBytes(MAX_ERROR), StandardCharsets.UTF_8);
    String message =
        ErrorJson.message(text)
            .or(() -> answer.headers().firstValue(HeaderNames.X_ERROR_MESSAGE))
            .map(SafeText::of)
            .filter(said -> !said.isEmpty())
            .map(said -> said + " (HTTP " + answer.statusCode() + ")")
            .orElse("the mirror answers with HTTP " + answer.statusCode());
    throw new MirrorErrorException(answer.statusCode(), message);
  }

  /** A read that was interrupted says so by another exception, and leaves the flag. */
  private static IOException orInterrupted(IOException e) throws InterruptedException {
    if (Thread.interrupted() || e.getCause() instanceof InterruptedException) {
      throw new InterruptedException();
    }
    return e;
  }

  /** Ends all connections. */
  @Override
  public void close() {
    http.shutdownNow();
    http.close();
  }
}
