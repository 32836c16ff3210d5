package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A repo of 20 files of every kind, and how a client that loads models goes through it. */
final class LoadedRepo {
  static final String ID = "acme/tiny-bert";

  /** Its folder in a client's cache folder. */
  static final String CACHE_FOLDER = "models--acme--tiny-bert";

  static final String FOLDER = "additional_chat_templates";
  static final List<String> MISSING =
      List.of("added_tokens.json", "chat_template.jinja", "onnx/special_tokens_map.json");
  static final String EMPTY = "onnx/__init__.py";
  static final String LARGE = "model.safetensors";
  static final String SMALL_LFS = "onnx/quantized/model.onnx";
  static final String REGULAR = "config.json";

  private LoadedRepo() {}

  /** Makes it. */
  static DevRepo install(DevHub hub) {
    DevRepo repo = hub.repo("model", ID);
    Map<String, DevFile> files = new HashMap<>();
    files.put(".gitattributes", DevFile.text("*.safetensors filter=lfs diff=lfs merge=lfs\n"));
    files.put("README.md", DevFile.text("# Tiny BERT\n"));
    files.put(REGULAR, DevFile.text("{\"model_type\": \"bert\"}\n"));
    files.put(LARGE, DevFile.lfsGenerated(1, 3_000_000));
    files.put(EMPTY, DevFile.text(""));
    files.put("onnx/config.json", DevFile.text("{}\n"));
    files.put(SMALL_LFS, DevFile.lfsGenerated(2, 200_000));
    for (int i = files.size(); i < 20; i++) {
      files.put("vocab/part-%02d.txt".formatted(i), DevFile.text("words of part " + i + "\n"));
    }
    repo.commit("Add the model", files);
    return repo;
  }

  /** The load of a new process with a new folder; see {@code load.py}. */
  static ClientResult load(PythonClient.Call call, String revision) {
    Map<String, Object> plan = Map.of("revision", revision, "missing", MISSING, "folder", FOLDER);
    return call.script("load.py", ID, JsonMapper.shared().writeValueAsString(plan));
  }

  /** Fails unless the load found each file with its right bytes, and missed what is not there. */
  static void expectWhole(ClientResult result, DevRepo repo, String revision) {
    JsonNode loaded = result.expectSuccess().json();
    expectFiles(loaded.get("files"), repo.files(revision));
    assertThat(loaded.get("commit").asString()).isEqualTo(repo.commitOf(revision).orElseThrow());
    for (String path : MISSING) {
      assertThat(loaded.get("missing").get(path).asString()).matches("(Remote)?EntryNotFoundError");
    }
    assertThat(loaded.get("folder").asString()).matches("(Remote)?EntryNotFoundError");
  }

  /** Fails unless a report names exactly these files with their bytes. */
  static void expectFiles(JsonNode reported, Map<String, DevFile> files) {
    Map<String, String> found = new TreeMap<>();
    reported
        .properties()
        .forEach(e -> found.put(e.getKey(), e.getValue().get("sha256").asString()));
    Map<String, String> expected = new TreeMap<>();
    files.forEach((path, file) -> expected.put(path, file.sha256()));
    assertThat(found).isEqualTo(expected);
  }

  /** Each content once, under the names that the store gives them; empty ones are not kept. */
  static List<String> blobNames(Collection<DevFile> files) {
    return files.stream().filter(f -> f.size() > 0).map(DevFile::etag).distinct().sorted().toList();
  }

  /** The sum of the sizes of different contents. */
  static long bytes(Collection<DevFile> files) {
    Map<String, Long> sizes = new HashMap<>();
    files.forEach(f -> sizes.put(f.etag(), f.size()));
    return sizes.values().stream().mapToLong(Long::longValue).sum();
  }
}
