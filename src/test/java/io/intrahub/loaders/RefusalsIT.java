package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/** What is really not there, or not for this client, is the client's own exception for that. */
@ParameterizedClass
@FieldSource("VERSIONS")
class RefusalsIT {
  static final List<String> VERSIONS = PythonClient.VERSIONS;
  private static final String TOKEN = "hf_bob";
  private static final String CONFIG = "config.json";

  @Parameter String version;
  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private PythonClient hf;

  @BeforeEach
  void start() {
    hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror.hub().token(TOKEN, "bob");
    for (String name : List.of("open", "gated", "closed", "disabled")) {
      mirror
          .hub()
          .repo("model", "acme/" + name)
          .commit("Add a model", CONFIG, DevFile.text("{\"name\": \"" + name + "\"}\n"));
    }
    mirror.hub().repo("model", "acme/gated").visibility(Visibility.GATED);
    mirror.hub().repo("model", "acme/closed").visibility(Visibility.PRIVATE);
    mirror.hub().repo("model", "acme/disabled").disabled(true);
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  @Test
  void each_refusal_is_its_own_exception_with_its_own_text() throws IOException {
    // Everybody may know of an absence, also when it comes from the mirror's own listing.
    for (int time = 0; time < 2; time++) {
      PythonClient.Call call = call("");
      JsonNode entry = error(call, "acme/open", "none.json");
      expect(entry, "EntryNotFoundError", "Entry Not Found for url: ");
      assertThat(entry.get("status").asInt()).isEqualTo(404);
      assertThat(entry.get("headers").get("x-repo-commit").asString()).hasSize(40);
      assertThat(absences(call)).hasSize(1);
      mirror.awaitIdle();
    }
    expect(
        error(call(""), "acme/open", CONFIG, "{\"revision\": \"v9\"}"),
        "RevisionNotFoundError",
        "Revision Not Found for url: ");
    for (String token : List.of("", TOKEN)) {
      for (String repo : List.of("acme/none", "acme/closed")) {
        JsonNode none = error(call(token), repo, CONFIG);
        expect(none, "RepositoryNotFoundError", "Repository Not Found for url: ");
        assertThat(none.get("status").asInt()).isEqualTo(token.isEmpty() ? 401 : 404);
      }
    }
    JsonNode anonymous = error(call(""), "acme/gated", CONFIG);
    expect(anonymous, "GatedRepoError", "Access to model acme/gated is restricted.");
    assertThat(anonymous.get("status").asInt()).isEqualTo(401);
    JsonNode notOnTheList = error(call(TOKEN), "acme/gated", CONFIG);
    expect(notOnTheList, "GatedRepoError", "you are not in the authorized list");
    assertThat(notOnTheList.get("status").asInt()).isEqualTo(403);
    JsonNode disabled = error(call(TOKEN), "acme/disabled", CONFIG).get("cause");
    assertThat(disabled.get("type").asString()).isEqualTo("DisabledRepoError");
    assertThat(disabled.get("message").asString()).contains("Access to this resource is disabled.");
  }

  private PythonClient.Call call(String token) {
    PythonClient.Call call = hf.call().endpoint(mirror.uri());
    return token.isEmpty() ? call : call.token(token);
  }

  private static JsonNode error(PythonClient.Call call, String... arguments) {
    ClientResult result = call.script("download.py", arguments);
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(3);
    return result.json().get("error");
  }

  /** The exception is the one, or one of its kind: newer versions have finer ones. */
  private static void expect(JsonNode error, String type, String text) {
    assertThat(error.get("types").valueStream().map(JsonNode::asString))
        .as(error.toString())
        .contains(type)
        .doesNotContain("LocalEntryNotFoundError");
    assertThat(error.get("message").asString()).contains(text);
  }

  private static List<Path> absences(PythonClient.Call call) throws IOException {
    try (Stream<Path> files = Files.walk(call.home())) {
      return files
          .filter(f -> f.toString().contains(".no_exist") && Files.isRegularFile(f))
          .toList();
    }
  }
}
