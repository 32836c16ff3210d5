package io.intrahub.abuse;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** What the Hub behind the mirror has: repos for honest clients, and what attackers like. */
final class Site {
  /** As many files as a listing may have that is learned with the default options. */
  static final int WIDE_FILES = Integer.getInteger("intrahub.abuse.files", 199_000);

  static final int WIDE_REPOS = 6;

  /** A repo whose info is about a megabyte. */
  static final String BROAD = "mallory/broad";

  private static final int BROAD_FILES = 20_000;

  /** A repo with one path that is as short as can be. */
  static final String SMALL = "mallory/small";

  /** A regular file, so that raw and resolve both have its bytes. */
  static final String TEXT = "text.txt";

  private static final int TEXT_BYTES = 20_000_000;

  /** A file that everybody may read, larger than the system buffers for a client. */
  static final String MODEL = "model.bin";

  private static final int MODEL_BYTES = 12_000_000;

  /** Of a repo whose files nobody has read yet. */
  static final String COLD = "mallory/cold";

  static final int COLD_FILES = 100;
  static final int COLD_BYTES = 1_000_000;

  /** Of a repo whose content never comes: the Hub is silent after the first bytes. */
  static final String SILENT = "mallory/silent";

  private static final int HONEST_COLD = 200;

  private final Random random;
  private final Map<String, Map<String, DevFile>> honest = new LinkedHashMap<>();

  /** The same seed makes the same site, in whatever process. */
  Site(long seed) {
    random = new Random(seed);
    honest("honest/warm", 8, 300_000);
    IntStream.range(0, HONEST_COLD).forEach(i -> honest(cold(i), 4, 250_000));
  }

  /** Puts all of it into a Hub. */
  void build(DevHub hub) {
    hub.expectUnknownRoutes();
    honest.forEach((id, files) -> hub.repo("model", id).commit("All of it", files));
    Map<String, DevFile> small = new HashMap<>();
    small.put("a", DevFile.text("a"));
    small.put(TEXT, DevFile.bytes(text()));
    small.put(MODEL, DevFile.lfsGenerated(random.nextLong(), MODEL_BYTES));
    hub.repo("model", SMALL).commit("Everything", small);
    hub.repo("model", BROAD).commit("Many", many(BROAD_FILES));
    Map<String, DevFile> cold = new HashMap<>();
    IntStream.range(0, COLD_FILES)
        .forEach(i -> cold.put(i + ".bin", DevFile.lfsGenerated(random.nextLong(), COLD_BYTES)));
    hub.repo("model", COLD).commit("Cold", cold);
    DevRepo silent = hub.repo("model", SILENT);
    silent.commit("Never comes", Map.of(MODEL, DevFile.lfsGenerated(1, MODEL_BYTES)));
    hub.faults().everywhere().path("/" + silent.internalId() + "/").stallAfter(100_000);
    hub.faults().everywhere().path("/api/boom").status(500);
    DevRepo wide = hub.repo("dataset", wide(0));
    wide.commit("Very many", many(WIDE_FILES));
    IntStream.range(1, WIDE_REPOS).forEach(i -> hub.repo("dataset", wide(i)).fork(wide, "main"));
  }

  /** One of the repos with as many files as are learned. */
  static String wide(int number) {
    return "mallory/wide-" + number;
  }

  static String path(int number) {
    return "data/some-rather-long-name-of-a-folder/part-%07d-of-many.parquet".formatted(number);
  }

  /** A repo that the honest client has loaded before. */
  String warm() {
    return "honest/warm";
  }

  /** A repo that nobody has asked for, if this number is new. */
  String cold(int number) {
    return "honest/cold-" + number % HONEST_COLD;
  }

  /** What a repo for honest clients holds. */
  Map<String, DevFile> files(String repo) {
    return honest.get(repo);
  }

  private void honest(String id, int files, int bytes) {
    Map<String, DevFile> all = new LinkedHashMap<>();
    all.put("config.json", DevFile.text("{\"seed\":" + random.nextLong() + "}"));
    all.put("README.md", DevFile.text("# " + id));
    for (int i = 0; i < files; i++) {
      all.put("model-" + i + ".safetensors", DevFile.lfsGenerated(random.nextLong(), bytes));
    }
    honest.put(id, all);
  }

  private Map<String, DevFile> many(int files) {
    DevFile file = DevFile.lfsGenerated(random.nextLong(), 1_000);
    Map<String, DevFile> all = new HashMap<>();
    for (int i = 0; i < files; i++) {
      all.put(path(i), file);
    }
    return all;
  }

  private byte[] text() {
    List<String> words = new ArrayList<>();
    IntStream.range(0, 100).forEach(_ -> words.add(Long.toString(random.nextLong(), 36)));
    StringBuilder text = new StringBuilder(TEXT_BYTES + 20);
    while (text.length() < TEXT_BYTES) {
      text.append(words.get(random.nextInt(words.size()))).append(' ');
    }
    return text.substring(0, TEXT_BYTES).getBytes(StandardCharsets.US_ASCII);
  }
}
