package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.FaultRule;
import io.intrahub.devhub.Route;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * A mirror before an upstream that fails, and what must hold whatever upstream does: the client
 * never hears that something is absent, remembers no absence, and nothing wrong is kept anywhere.
 */
final class FaultRig implements AutoCloseable {
  static final String ID = "acme/tiny";
  static final String SMALL = "config.json";
  static final String SMALL_LFS = "adapter.bin";
  static final String LARGE = "model.bin";

  /** Larger than what the Python client writes at once (10 MB), so that it keeps a part of it. */
  static final String VERY_LARGE = "weights.bin";

  /** What tells a client for ever that something is not there. */
  private static final List<String> ABSENCES =
      List.of(
          "RemoteEntryNotFoundError",
          "EntryNotFoundError",
          "RevisionNotFoundError",
          "RepositoryNotFoundError",
          "GatedRepoError",
          "DisabledRepoError");

  private static final Duration PAST_EVERY_PROBE = Duration.ofMinutes(2);

  final MirrorUnderTest mirror;
  final DevRepo repo;
  private final PythonClient hf;

  FaultRig(Path tmp, String version) {
    hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    repo = mirror.hub().repo("model", ID);
    repo.commit(
        "Add a model",
        Map.of(
            SMALL, DevFile.text("{\"model_type\": \"bert\"}\n"),
            SMALL_LFS, DevFile.lfsGenerated(1, 200_000),
            LARGE, DevFile.lfsGenerated(2, 3_000_000)));
  }

  /** For tests that need it; it takes a moment to make. */
  void addVeryLarge() {
    repo.commit("Add weights", VERY_LARGE, DevFile.lfsGenerated(3, 25_000_000));
  }

  FaultRule on(Route first, Route... more) {
    return mirror.hub().faults().on(first, more);
  }

  /** A call in a new home; {@link PythonClient.Call#inHome} leads back to it. */
  PythonClient.Call call() {
    return callAt(mirror.uri());
  }

  /** The same at an address where the mirror may be no more. */
  PythonClient.Call callAt(URI address) {
    return hf.call().endpoint(address);
  }

  ClientResult download(PythonClient.Call call, String path) {
    return call.script("download.py", ID, path);
  }

  ClientResult snapshot(PythonClient.Call call) {
    return call.script("snapshot.py", ID);
  }

  /** Ends all faults and lets so much time pass that upstream is asked again. */
  void recover() {
    mirror.hub().faults().clear();
    mirror.hub().comeBack();
    mirror.pass(PAST_EVERY_PROBE);
  }

  /** Fails unless the client has the file as upstream has it. */
  void expectFile(ClientResult result, String path) {
    assertThat(result.expectSuccess().json().get("sha256").asString())
        .as("sha256 of %s", path)
        .isEqualTo(repo.file("main", path).orElseThrow().sha256());
  }

  /** Fails unless the client has all files as upstream has them. */
  void expectSnapshot(ClientResult result) {
    JsonNode files = result.expectSuccess().json().get("files");
    assertThat(files.propertyNames())
        .containsExactlyInAnyOrderElementsOf(repo.files("main").keySet());
    repo.files("main")
        .forEach((path, file) ->
            assertThat(files.get(path).get("sha256").asString()).isEqualTo(file.sha256()));
  }

  /** The client's exception, after a look at all that must hold. */
  JsonNode errorOf(ClientResult result, PythonClient.Call call) {
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(3);
    JsonNode error = result.json().get("error");
    for (JsonNode e = error; !e.isNull(); e = e.get("cause")) {
      assertThat(e.get("type").asString()).as(result.toString()).isNotIn(ABSENCES);
    }
    expectNothingWrongKept(call);
    return error;
  }

  /** Fails if the client remembers an absence, or the mirror keeps bytes that nobody announced. */
  void expectNothingWrongKept(PythonClient.Call call) {
    try (Stream<Path> files = Files.walk(call.home())) {
      assertThat(files.filter(f -> f.toString().contains(".no_exist") && Files.isRegularFile(f)))
          .as("absences that the client remembers")
          .isEmpty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    assertThat(repo.files("main").values())
        .extracting(DevFile::etag)
        .as("names of blobs that may be there")
        .containsAll(mirror.storedBlobs());
  }

  /** Fails unless the error is about an answer with this status and this text, and shows it. */
  static void expectAnswer(JsonNode error, int status, String text) {
    assertThat(error.get("type").asString()).as(error.toString()).isEqualTo("HfHubHTTPError");
    assertThat(error.get("status").asInt()).as(error.toString()).isEqualTo(status);
    assertThat(error.get("message").asString()).contains(text);
    assertThat(error.get("headers").has("x-error-code")).isFalse();
  }

  /** The same for huggingface_hub 0.36.2, which shows the status and not the text. */
  static void expectAnswerOfOld(JsonNode error, String text) {
    assertThat(error.get("type").asString()).as(error.toString()).isEqualTo("HTTPError");
    assertThat(error.get("message").asString()).matches("50[34] Server Error: .*");
    assertThat(error.get("headers").get("x-error-message").asString()).contains(text);
    assertThat(error.get("headers").has("x-error-code")).isFalse();
  }

  @Override
  public void close() {
    // What stalls would hold up the end.
    mirror.hub().faults().clear();
    mirror.close();
  }
}
