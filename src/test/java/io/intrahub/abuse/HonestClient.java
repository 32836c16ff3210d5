package io.intrahub.abuse;

import io.intrahub.devhub.DevFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Loads whole repos as {@code snapshot_download} of huggingface_hub does: repo info, a listing,
 * then HEAD and GET of each file, eight at a time. It never tries anything a second time, and
 * compares each digest. All files together come over a line of {@link #BYTES_PER_SECOND}, since a
 * load that takes a few milliseconds would measure the processor, which the attackers share. For
 * one thread.
 */
final class HonestClient implements AutoCloseable {
  private static final int AT_ONCE = 8;

  /** A little less than 100 Mbit/s. */
  static final long BYTES_PER_SECOND = 10_000_000;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final HttpClient http;
  private final URI mirror;

  /** Guarded by this, as the next. */
  private String slowest = "";

  private long slowestNanos;

  /** When the line has carried all that was put on it, by {@link System#nanoTime}. */
  private final AtomicLong lineFree = new AtomicLong(System.nanoTime());

  /** Not virtual ones, which would wait for those of the attackers. */
  private final ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);

  /** A load that did not go well, and why. */
  static final class FailedLoad extends Exception {
    private static final long serialVersionUID = 1;

    FailedLoad(String message) {
      super(message);
    }
  }

  HonestClient(URI mirror) throws IOException {
    this.mirror = mirror;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .localAddress(InetAddress.getByName("127.0.0.1"))
            .connectTimeout(PATIENCE)
            .build();
  }

  /**
   * Loads a repo.
   *
   * @return how long it took
   */
  Duration load(String repo, Map<String, DevFile> files) throws FailedLoad, InterruptedException {
    long start = System.nanoTime();
    HttpResponse<byte[]> info = ask("GET", "/api/models/" + repo + "/revision/main");
    String commit =
        info.headers()
            .firstValue("X-Repo-Commit")
            .orElseThrow(() -> new FailedLoad("the info of " + repo + " names no commit"));
    ask("GET", "/api/models/" + repo + "/tree/" + commit + "?recursive=true&expand=false");
    var loads =
        files.entrySet().stream()
            .map(f ->
                threads.submit(
                    (Callable<Void>)
                        () -> {
                          load("/" + repo + "/resolve/" + commit + "/" + f.getKey(), f.getValue());
                          return null;
                        }))
            .toList();
    for (Future<Void> load : loads) {
      end(load);
    }
    return Duration.ofNanos(System.nanoTime() - start);
  }

  private static void end(Future<Void> load) throws FailedLoad, InterruptedException {
    try {
      load.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new FailedLoad("a file did not come within " + PATIENCE);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FailedLoad failed) {
        throw failed;
      }
      throw new AssertionError("a load broke the client", e);
    }
  }

  private void load(String target, DevFile file) throws FailedLoad, InterruptedException {
    HttpResponse<byte[]> head = ask("HEAD", target);
    String etag = head.headers().firstValue("ETag").orElse("none").replace("\"", "");
    if (!etag.equals(file.etag())) {
      throw new FailedLoad(target + " has the ETag " + etag + " and not " + file.etag());
    }
    String digest;
    try (InputStream body = ask("GET", target, HttpResponse.BodyHandlers.ofInputStream()).body()) {
      digest = sha256(body);
    } catch (IOException e) {
      throw new FailedLoad("GET " + target + " broke off: " + e);
    }
    if (!digest.equals(file.sha256())) {
      throw new FailedLoad(target + " came with other bytes: their digest is " + digest);
    }
  }

  private String sha256(InputStream body) throws IOException, InterruptedException {
    MessageDigest digest = newSha256();
    byte[] buffer = new byte[32 * 1024];
    for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
      digest.update(buffer, 0, n);
      TimeUnit.NANOSECONDS.sleep(carry(n));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private synchronized void note(String what, long nanos) {
    if (nanos > slowestNanos) {
      slowestNanos = nanos;
      slowest = "%s began after %d ms".formatted(what, TimeUnit.NANOSECONDS.toMillis(nanos));
    }
  }

  /** The answer that took longest to begin since the last call. */
  synchronized String slowest() {
    slowestNanos = 0;
    return slowest;
  }

  /** How long these bytes are still on the line, behind those of all other files. */
  private long carry(int bytes) {
    long now = System.nanoTime();
    long time = bytes * TimeUnit.SECONDS.toNanos(1) / BYTES_PER_SECOND;
    return lineFree.updateAndGet(free -> Math.max(free, now) + time) - now;
  }

  private HttpResponse<byte[]> ask(String method, String target)
      throws FailedLoad, InterruptedException {
    return ask(method, target, HttpResponse.BodyHandlers.ofByteArray());
  }

  private <T> HttpResponse<T> ask(String method, String target, HttpResponse.BodyHandler<T> handler)
      throws FailedLoad, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(mirror + target))
            .timeout(PATIENCE)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    HttpResponse<T> answer;
    long begun = System.nanoTime();
    try {
      answer = http.send(request, handler);
    } catch (IOException e) {
      throw new FailedLoad(method + " " + target + ": " + e);
    }
    note(method + " " + target, System.nanoTime() - begun);
    if (answer.statusCode() != 200) {
      throw new FailedLoad(
          "%s %s: %d %s"
              .formatted(
                  method,
                  target,
                  answer.statusCode(),
                  answer.headers().firstValue("X-Error-Message").orElse("")));
    }
    return answer;
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
    http.shutdownNow();
  }
}
