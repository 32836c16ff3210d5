package io.intrahub.clients;

import static java.util.stream.Collectors.toMap;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * One mirror in front of the demo's repos for all tests of a class. Closing it fails the class if
 * the Hub saw a token at its CDN, an address without a signature, or an unknown route.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class AgainstDemo {
  /** Demo repo with names of every kind. */
  static final String BERT = "demo/tiny-bert";

  static final String LARGE = "model.safetensors";
  static final String SMALL = "config.json";
  static final String EMPTY = "empty.txt";
  static final int LARGE_SIZE = 14_504;

  /** What HEAD and GET must say alike. */
  private static final List<String> OF_THE_FILE =
      List.of(
          "Content-Length",
          "ETag",
          "X-Repo-Commit",
          "X-Linked-ETag",
          "X-Linked-Size",
          "Accept-Ranges",
          "Content-Disposition",
          "Content-Type");

  Path tmp;
  MirrorUnderTest mirror;
  CurlClient curl;
  private int made;

  @BeforeAll
  final void startMirror(@TempDir Path folder) {
    tmp = folder;
    curl = new CurlClient(tmp);
    curl.assumeAvailable();
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    DemoRepos.install(mirror.hub());
    DevRepo bert = mirror.hub().repo("model", BERT);
    bert.branch("feature/x", bert.commitOf("main").orElseThrow());
  }

  /** What a test has left behind the clients' backs is not a call of the next one. */
  @AfterEach
  final void awaitIdle() {
    mirror.awaitIdle();
  }

  @AfterAll
  final void stopMirror() {
    if (mirror != null) {
      mirror.close();
    }
  }

  /** A repo that the mirror has never heard of, with a large, a small and an empty file. */
  DevRepo fresh() {
    DevRepo repo = mirror.hub().repo("model", "acme/fresh-" + made++);
    repo.commit(
        "Add",
        Map.of(
            LARGE,
            DevFile.lfsGenerated(made, LARGE_SIZE),
            SMALL,
            DevFile.text("{\"model_type\": \"bert\"}\n"),
            EMPTY,
            DevFile.text(""),
            "onnx/a/config.json",
            DevFile.text("{\"in\": \"a folder\"}\n")));
    return repo;
  }

  /** A path at the mirror. */
  String at(String path) {
    return mirror.uri() + "/" + path;
  }

  /** The same path at the Hub itself. */
  String upstream(String path) {
    return mirror.hub().uri() + "/" + path;
  }

  /** What HEAD and GET must say alike, by the name of the header. */
  static Map<String, String> described(CurlClient.Answer answer) {
    return OF_THE_FILE.stream().collect(toMap(Function.identity(), answer::header));
  }
}
