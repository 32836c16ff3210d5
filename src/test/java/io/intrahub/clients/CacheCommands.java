package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * {@code intrahub import} and {@code intrahub export} as processes, and what clients read of the
 * cache folders that they read and write.
 */
final class CacheCommands {
  private final Path tmp;
  private final Path log;
  private final DevHub hub;

  /**
   * Commands of one test.
   *
   * @param tmp the folder of the test
   * @param hub from which clients download without a mirror
   */
  CacheCommands(Path tmp, DevHub hub) throws IOException {
    this.tmp = tmp;
    this.hub = hub;
    this.log = Files.createFile(tmp.resolve("log"));
  }

  /** Has what the processes printed. */
  Path log() {
    return log;
  }

  String printed() throws IOException {
    return Files.readString(log);
  }

  Process launch(String... arguments) throws IOException {
    return MirrorProcess.launch(log, MirrorProcess.STARTS_QUICKLY, List.of(arguments));
  }

  /** Runs a command to its end and returns its exit status. */
  int run(String... arguments) throws IOException, InterruptedException {
    Process process = launch(arguments);
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the command ended").isTrue();
    Files.writeString(log, out, StandardOpenOption.APPEND);
    return process.exitValue();
  }

  void expectDone(String... arguments) throws IOException, InterruptedException {
    assertThat(run(arguments)).as("%s", printed()).isZero();
  }

  /** All was exported; of what was only imported, the Hub's list of the files is not stored. */
  void expectImportedDone(String... arguments) throws IOException, InterruptedException {
    int status = run(arguments);
    assertThat(status).as("%s", printed()).isEqualTo(1);
    assertThat(printed()).contains("may have more files").doesNotContain(" lacks ");
  }

  PythonClient client(String version) {
    PythonClient hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    return hf;
  }

  /** Without the mirror; the made-up Hub has no Xet bytes. */
  PythonClient.Call direct(String version) {
    return client(version).call().endpoint(hub.uri()).env("HF_HUB_DISABLE_XET", "1");
  }

  /** Fails unless a client without a network loads the newest commit of a model from a folder. */
  void expectLoadsOffline(String version, Path cache, DevRepo repo) {
    expectLoadsOffline(version, cache, repo, "model");
  }

  /** The same for a repo of any type. */
  void expectLoadsOffline(String version, Path cache, DevRepo repo, String type) {
    ClientResult loaded =
        client(version)
            .call()
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HUB_CACHE", cache.toString())
            .script("snapshot.py", repo.id(), keywords(type));
    LoadedRepo.expectFiles(loaded.expectSuccess().json().get("files"), repo.files("main"));
  }

  /** The argument of {@code snapshot.py} that says of which type a repo is. */
  static String keywords(String type) {
    return "{\"repo_type\": \"%s\"}".formatted(type);
  }

  /** What clients read of a repo's folder: the bytes by path, through all links. */
  private static Map<String, byte[]> content(Path cache, String repo) throws IOException {
    Map<String, byte[]> content = new TreeMap<>();
    for (String part : List.of("blobs", "refs", "snapshots")) {
      Path folder = cache.resolve(repo).resolve(part);
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path file :
            all.filter(f -> !Files.isDirectory(f, LinkOption.NOFOLLOW_LINKS)).toList()) {
          content.put(cache.relativize(file).toString(), Files.readAllBytes(file));
        }
      }
    }
    return content;
  }

  /**
   * Fails unless clients find the same in both cache folders.
   *
   * @param repo the name of the repo's folder
   */
  static void expectSame(Path cache, Path other, String repo) throws IOException {
    Map<String, byte[]> expected = content(other, repo);
    Map<String, byte[]> found = content(cache, repo);
    assertThat(found.keySet()).isEqualTo(expected.keySet());
    expected.forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
  }
}
