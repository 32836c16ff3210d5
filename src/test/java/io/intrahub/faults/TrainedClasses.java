package io.intrahub.faults;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevHub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A cache of the product's classes, loaded and linked, with which the tests start it some hundred
 * times: it halves the time of a start. The image has one too, so processes in production start the
 * same way. Made once for each jar, in {@code target/}, by the first test process that needs it.
 */
final class TrainedClasses {
  private static final String REPO = "demo/tiny-bert";
  private static @Nullable Path made;

  private TrainedClasses() {}

  /**
   * The option that has a JVM start with the cache. A JVM for which it was not made, such as one
   * with another layout of objects, starts without.
   */
  static synchronized String option() throws IOException {
    if (made == null) {
      made = make(MirrorProcess.jar());
    }
    return "-XX:AOTCache=" + made;
  }

  private static Path make(Path jar) throws IOException {
    long built = Files.getLastModifiedTime(jar).toMillis();
    Path cache = jar.resolveSibling("classes-" + built + ".aot");
    // Tests run in several processes beside each other.
    try (FileChannel channel =
            FileChannel.open(
                jar.resolveSibling("classes.aot.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      if (!Files.exists(cache)) {
        Path folder = Files.createTempDirectory(jar.getParent(), "training");
        try {
          Files.move(train(folder), cache, StandardCopyOption.ATOMIC_MOVE);
        } finally {
          delete(folder);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the cache of classes was made", e);
    }
    return cache;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static Path train(Path folder) throws IOException, InterruptedException {
    Path cache = folder.resolve("classes.aot");
    Path log = Files.createFile(folder.resolve("log"));
    try (DevHub hub = DevHub.builder().start()) {
      DemoRepos.install(hub);
      List<String> flags =
          List.of(
              "--host",
              "127.0.0.1",
              "--port",
              "0",
              "--data",
              folder.resolve("data").toString(),
              "--upstream",
              hub.uri() + "#send-tokens");
      List<String> options = List.of("-XX:AOTCacheOutput=" + cache);
      try (MirrorProcess mirror = MirrorProcess.serve(log, options, flags, Map.of())) {
        load(mirror);
        load(mirror);
        mirror.stop();
      }
    }
    if (!Files.exists(cache)) {
      throw new IOException("the JVM made no cache of classes:\n" + Files.readString(log));
    }
    return cache;
  }

  private static void load(MirrorProcess mirror) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      for (String path :
          List.of(
              "/api/models/" + REPO,
              "/api/models/" + REPO + "/tree/main?recursive=true",
              "/" + REPO + "/resolve/main/config.json",
              "/" + REPO + "/resolve/main/model.safetensors",
              "/" + REPO + "/resolve/main/missing.json")) {
        for (String method : List.of("HEAD", "GET")) {
          URI uri = mirror.uri().resolve(path);
          HttpResponse<Void> answer =
              http.send(
                  HttpRequest.newBuilder(uri)
                      .method(method, HttpRequest.BodyPublishers.noBody())
                      .build(),
                  HttpResponse.BodyHandlers.discarding());
          if (answer.statusCode() >= 500) {
            throw new UncheckedIOException(
                new IOException(method + " " + path + " in training: " + answer.statusCode()));
          }
        }
      }
    }
  }
}
