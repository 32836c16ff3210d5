package io.intrahub.clients;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/** The repos that the clients of {@link TableRow} load: each client has its own. */
final class TableRepos {
  static final String PUBLIC = "";
  static final String PRIVATE = "-private";
  static final String GATED = "-gated";

  /** Number of rows of each table, and the sum of their ids. */
  static final String ROWS = "[40,780]";

  /** So large that huggingface_hub 0.36.2 leaves it to hf_transfer: more than 50 MiB. */
  private static final DevFile LARGE = DevFile.lfsGenerated(36, 53_000_000);

  /** Of the weights of the model, the largest file of the repos that are not special. */
  static final long EIGHTH = 248_805;

  private static final int COUNT = 40;
  private static final int MORE_THAN_A_PAGE = 51;
  private static final String ODD_NAME = "names/sub dir/f#1 é.txt";
  private static final String ONE_PIXEL =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJg"
          + "gg==";
  private static final String TWO_PIXELS =
      "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0lEQVR4nGNsYAAAAQYAgiXEWDgAAAAASUVORK5C"
          + "YII=";

  private static final String METADATA =
      """
      {"id": "_double_1", "name": "double", "version": 1, "license": "Apache-2.0",
       "python-depends": [], "backend": {"type": "%s"}}
      """;

  private TableRepos() {}

  /** Adds three repos for each client, two of which only {@link DemoRepos#ALICE} may read. */
  static void install(DevHub hub) {
    DemoRepos.install(hub);
    hub.trustPublisher("acme");
    Map<String, DevFile> model = new HashMap<>(hub.repo("model", "demo/tiny-bert").files("v1.0"));
    model.put(ODD_NAME, DevFile.text("space, hash and accent\n"));
    Map<String, DevFile> data = data();
    for (TableRow row : TableRow.ALL) {
      for (String ending : new String[] {PUBLIC, PRIVATE, GATED}) {
        DevRepo repo = restricted(repo(hub, row, ending), ending);
        String commit =
            repo.commit("Add the files", row.ofKernels() ? kernel() : row.ofData() ? data : model);
        if (row.ofTransfer()) {
          repo.commit("Add a large file", "large.bin", LARGE);
        }
        if (row.ofKernels()) {
          repo.branch("v1", commit);
        }
        if (row.readsBoth()) {
          addHistory(repo);
          restricted(hub.repo("dataset", row.repo(ending)), ending)
              .labels("bert")
              .commit("Add the files", data);
        }
      }
    }
  }

  private static DevRepo restricted(DevRepo repo, String ending) {
    if (!ending.equals(PUBLIC)) {
      repo.visibility(ending.equals(GATED) ? Visibility.GATED : Visibility.PRIVATE)
          .allow(DemoRepos.ALICE);
    }
    return repo;
  }

  /** Adds a tag, a pull request, and more commits and entries than fit on a page. */
  private static void addHistory(DevRepo repo) {
    String first = repo.commitOf("main").orElseThrow();
    repo.labels("bert").tag("v1.0", first).ref("refs/pr/1", first);
    for (int i = 0; i < MORE_THAN_A_PAGE; i++) {
      repo.commit("Add a note", "notes/%02d.txt".formatted(i), DevFile.text(i + "\n"));
    }
  }

  static DevRepo repo(DevHub hub, TableRow row, String ending) {
    return hub.repo(row.type(), row.repo(ending));
  }

  /** A kernel of Python alone for the processor, and one that no test machine can use. */
  static Map<String, DevFile> kernel() {
    return Map.of(
        "README.md",
        DevFile.text("# A kernel\n"),
        "build/torch-cpu/metadata.json",
        DevFile.text(METADATA.formatted("cpu")),
        "build/torch-cpu/__init__.py",
        DevFile.text("def double(x):\n    return 2 * x\n"),
        "build/torch-cpu/table.bin",
        DevFile.lfsGenerated(7, 300_000),
        "build/torch-cuda/metadata.json",
        DevFile.text(METADATA.formatted("cuda")),
        "build/torch-cuda/__init__.py",
        DevFile.text("raise ImportError\n"));
  }

  static Map<String, DevFile> data() {
    StringBuilder csv = new StringBuilder("id,text\n");
    StringBuilder json = new StringBuilder();
    for (int i = 0; i < COUNT; i++) {
      csv.append("%d,sentence %d\n".formatted(i, i));
      json.append("{\"id\": %d, \"text\": \"sentence %d\"}\n".formatted(i, i));
    }
    try {
      // The same rows, written once by PyArrow.
      byte[] parquet = Files.readAllBytes(Path.of("src/test/resources/clients/train.parquet"));
      return Map.of(
          "README.md",
          DevFile.text("# Rows\n"),
          "data/train.csv",
          DevFile.bytes(csv.toString().getBytes(StandardCharsets.UTF_8)),
          "data/train.jsonl",
          DevFile.bytes(json.toString().getBytes(StandardCharsets.UTF_8)),
          "data/train.parquet",
          DevFile.lfs(parquet),
          "images/one.png",
          DevFile.lfs(Base64.getDecoder().decode(ONE_PIXEL)),
          "images/two.png",
          DevFile.lfs(Base64.getDecoder().decode(TWO_PIXELS)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
