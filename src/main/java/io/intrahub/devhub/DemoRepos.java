package io.intrahub.devhub;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The repos of {@code demo} and {@code dev-hub}: one of every kind that matters, the same in every
 * Hub.
 */
public final class DemoRepos {
  /** The token that may read everything. */
  public static final String ALICE = "hf_alice";

  /** The token that may read public repos only. */
  public static final String BOB = "hf_bob";

  private static final long BIG = 300_000_000;

  private DemoRepos() {}

  /** Adds the repos and two tokens; takes about a second, most of it for the large file. */
  public static void install(DevHub hub) {
    hub.token(ALICE, "alice");
    hub.token(BOB, "bob");
    tinyBert(hub);
    DevRepo gated = hub.repo("model", "demo/gated-model").visibility(Visibility.GATED).allow(ALICE);
    gated.commit("Add a gated model", small("A gated model", 11));
    DevRepo secret =
        hub.repo("model", "demo/private-model").visibility(Visibility.PRIVATE).allow(ALICE);
    secret.commit("Add a private model", small("A private model", 12));
    DevRepo big = hub.repo("model", "demo/big-model");
    big.commit("Add a big model", small("A model of 300 MB", 13));
    big.commit("Add its weights", "weights.bin", DevFile.lfsGenerated(20, BIG));
    hub.repo("model", "tiny-gpt2").commit("Add a model", small("A repo with a one-word id", 14));
    manyFiles(hub);
    dataset(hub);
    hub.repo("space", "demo/hello-space")
        .commit(
            "Add a space",
            Map.of(
                "README.md",
                DevFile.text("---\ntitle: Hello\nsdk: static\n---\n"),
                "index.html",
                DevFile.text("<!DOCTYPE html><title>Hello</title><p>Hello from a space</p>\n")));
  }

  /** Adds {@code demo/tiny-bert} alone, which transformers loads. */
  public static void tinyBert(DevHub hub) {
    DevRepo repo =
        hub.repo("model", "demo/tiny-bert")
            .renamedFrom("demo/old-name")
            .labels("transformers", "safetensors", "bert", "license:apache-2.0")
            .meta("library_name", "\"transformers\"")
            .meta("pipeline_tag", "\"feature-extraction\"");
    Map<String, DevFile> files = new LinkedHashMap<>(TinyBert.files());
    files.put(".gitattributes", attributes());
    files.put(
        "README.md",
        DevFile.text("---\nlicense: apache-2.0\nlibrary_name: transformers\n---\n# Tiny BERT\n"));
    String first = repo.commit("Add the model", files);
    repo.tag("v1.0", first);
    repo.commit(
        "Add names of every kind",
        Map.of(
            "names/sub dir/f#1 é.txt", DevFile.text("space, hash and accent\n"),
            "names/a+b.txt", DevFile.text("plus\n"),
            "names/100%.txt", DevFile.text("percent\n"),
            "names/semi;colon.txt", DevFile.text("semicolon\n"),
            "names/quo'te\".txt", DevFile.text("quotes\n"),
            "names/日本語.txt", DevFile.text("other script\n"),
            "onnx/deep/er/config.json", DevFile.text("{}\n"),
            "__init__.py", DevFile.text("")));
    repo.branch("proposal", first);
    String proposal =
        repo.commit("proposal", "Explain more", Map.of("NOTES.md", DevFile.text("# Notes\n")));
    repo.ref("refs/pr/1", proposal).deleteRef("refs/heads/proposal");
  }

  private static Map<String, DevFile> small(String title, long seed) {
    return Map.of(
        ".gitattributes", attributes(),
        "README.md", DevFile.text("# " + title + "\n"),
        "config.json", DevFile.text("{\"model_type\": \"demo\"}\n"),
        "model.bin", DevFile.lfsGenerated(seed, 500_000));
  }

  private static DevFile attributes() {
    return DevFile.text(
        """
        *.safetensors filter=lfs diff=lfs merge=lfs -text
        *.bin filter=lfs diff=lfs merge=lfs -text
        *.parquet filter=lfs diff=lfs merge=lfs -text
        """);
  }

  private static void manyFiles(DevHub hub) {
    Map<String, DevFile> files = new TreeMap<>();
    for (int i = 0; i < 1200; i++) {
      files.put(
          "part-%02d/file-%04d.txt".formatted(i / 100, i), DevFile.text("file number " + i + "\n"));
    }
    hub.repo("model", "demo/many-files").commit("Add 1,200 files", files);
  }

  private static void dataset(DevHub hub) {
    StringBuilder csv = new StringBuilder("text,label\n");
    for (int i = 0; i < 500; i++) {
      csv.append("sentence number ").append(i).append(',').append(i % 2).append('\n');
    }
    // Framed like a Parquet file, so that the magic numbers fit; no reader will like the inside.
    byte[] columns = ("PAR1" + "columns ".repeat(10_000) + "PAR1").getBytes(StandardCharsets.UTF_8);
    DevRepo repo = hub.repo("dataset", "demo/tiny-ds").labels("license:cc0-1.0");
    repo.commit(
        "Add the data",
        Map.of(
            "README.md",
            DevFile.text(
                """
                ---
                license: cc0-1.0
                configs:
                - config_name: default
                  data_files:
                  - split: train
                    path: data/train.csv
                ---
                # Tiny dataset
                """),
            "data/train.csv",
            DevFile.text(csv.toString()),
            "columns/train.parquet",
            DevFile.lfs(columns)));
    String converted =
        repo.commit(
            "converted", "Convert", Map.of("default/train/0000.parquet", DevFile.lfs(columns)));
    repo.ref("refs/convert/parquet", converted).deleteRef("refs/heads/converted");
  }
}
