package io.intrahub.clients;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One client of {@code docs/clients.md}.
 *
 * @param id part of the names of its repos, which no other client loads
 * @param name as users know it
 * @param packageName whose version is shown; empty if the version does not matter
 * @param environment of {@code src/test/clients}; empty for curl
 * @param function of {@code table.py}; empty if the test runs a program
 * @param variables of the client's environment, besides {@code HF_ENDPOINT}
 * @param run what the test runs
 * @param lines what a user writes
 */
record TableRow(
    String id,
    String name,
    String packageName,
    String environment,
    String function,
    Map<String, String> variables,
    String run,
    List<String> lines) {

  private static final String ENDPOINT = "export HF_ENDPOINT=http://mirror:8090";
  private static final Set<String> OF_DATA =
      Set.of("datasets", "pandas", "pyarrow", "polars", "duckdb");

  /** In the order of the page. */
  static final List<TableRow> ALL =
      List.of(
          hub("0.23.4", Map.of(), "", "huggingface-cli download acme/tiny"),
          hub("0.36.0", Map.of(), "", "hf download acme/tiny"),
          hub(
              "0.36.0",
              Map.of("HF_HUB_ENABLE_HF_TRANSFER", "1"),
              " with hf_transfer",
              "HF_HUB_ENABLE_HF_TRANSFER=1 hf download acme/tiny"),
          hub("1.33.0", Map.of(), "", "hf download acme/tiny"),
          hub(
              "2.4.0",
              Map.of(),
              "",
              python("from huggingface_hub import snapshot_download as s; s('acme/tiny')")),
          new TableRow(
              "cli",
              "hf (command line)",
              "huggingface_hub",
              "hf-2.4.0",
              "",
              Map.of(),
              "`hf download --local-dir`",
              List.of(ENDPOINT, "hf download acme/tiny --local-dir tiny")),
          row(
              "files",
              "HfFileSystem",
              "huggingface_hub",
              "hf-2.4.0",
              "`find`, `ls`, `glob`, `walk`, `info`, whole and partial reads",
              python("from huggingface_hub import HfFileSystem as F; print(F().ls('acme/tiny'))")),
          transformers("4.57"),
          transformers("5"),
          row(
              "tokenizers",
              "tokenizers",
              "tokenizers",
              "datasets-5",
              "`Tokenizer.from_pretrained`",
              python("from tokenizers import Tokenizer as T; T.from_pretrained('acme/tiny')")),
          row(
              "safetensors",
              "safetensors",
              "safetensors",
              "datasets-5",
              "the header by ranges, then one tensor of the file",
              python("from huggingface_hub import get_safetensors_metadata as m; m('acme/tiny')")),
          row(
              "datasets",
              "datasets",
              "datasets",
              "datasets-5",
              "`load_dataset` of Parquet, JSON lines, CSV and an image folder, also streaming",
              python("from datasets import load_dataset as d; d('acme/rows', streaming=True)")),
          row(
              "pandas",
              "pandas",
              "pandas",
              "datasets-5",
              "`read_csv`, `read_parquet` of `hf://` addresses",
              python("import pandas; pandas.read_csv('hf://datasets/acme/rows/data/train.csv')")),
          row(
              "pyarrow",
              "PyArrow",
              "pyarrow",
              "datasets-5",
              "`read_table` of one column through `HfFileSystem`",
              python(
                  "import pyarrow.parquet as p, huggingface_hub as h; p.read_table("
                      + "'datasets/acme/rows/data/train.parquet', filesystem=h.HfFileSystem())")),
          row(
              "polars",
              "Polars",
              "polars",
              "datasets-5",
              "`scan_parquet` of the file's address; with a token through `HfFileSystem`",
              "python -c \"import polars; print(polars.scan_parquet('$HF_ENDPOINT/datasets/"
                  + "acme/rows/resolve/main/data/train.parquet').collect())\""),
          row(
              "duckdb",
              "DuckDB",
              "duckdb",
              "datasets-5",
              "`SELECT` from Parquet and CSV over HTTP ranges, with httpfs",
              "duckdb -c \"FROM '$HF_ENDPOINT/datasets/acme/rows/resolve/main/data/"
                  + "train.parquet'\""),
          new TableRow(
              "curl",
              "curl",
              "",
              "",
              "",
              Map.of(),
              "each file by itself",
              List.of(ENDPOINT, "curl -fLO $HF_ENDPOINT/acme/tiny/resolve/main/config.json")));

  /** No line of the page: the upload that a mirror refuses. */
  static final TableRow PUSH =
      row("push", "datasets", "datasets", "datasets-5", "`push_to_hub`", "");

  private static TableRow hub(
      String version, Map<String, String> variables, String addition, String line) {
    return new TableRow(
        "hub-" + version + addition.replace(" with ", "-"),
        "huggingface_hub" + addition,
        "huggingface_hub",
        "hf-" + version,
        "snapshot",
        variables,
        "`snapshot_download`",
        List.of(ENDPOINT, line));
  }

  private static TableRow transformers(String generation) {
    return new TableRow(
        "transformers-" + generation,
        "transformers",
        "transformers",
        "transformers-" + generation,
        "transformers",
        Map.of(),
        "`AutoConfig`, `AutoTokenizer`, weights without torch",
        List.of(
            ENDPOINT,
            python("from transformers import AutoModel as A; A.from_pretrained('acme/tiny')")));
  }

  private static TableRow row(
      String id, String name, String packageName, String environment, String run, String line) {
    return new TableRow(
        id, name, packageName, environment, id, Map.of(), run, List.of(ENDPOINT, line));
  }

  private static String python(String code) {
    return "python -c \"" + code + "\"";
  }

  /** Whether it reads rows of a dataset rather than files of a model. */
  boolean ofData() {
    return OF_DATA.contains(id);
  }

  /** Whether it ends with every file of the repo, and not only with those that it needs. */
  boolean loadsAll() {
    return function.isEmpty() || function.equals("snapshot") || function.equals("files");
  }

  /** The version that the lock file of its environment names, or "any". */
  String version() {
    if (packageName.isEmpty()) {
      return "any";
    }
    Path locked = Path.of("src/test/clients", environment, "requirements.txt");
    try {
      return Files.readAllLines(locked).stream()
          .filter(line -> line.startsWith(packageName + "=="))
          .map(line -> line.substring(packageName.length() + 2).strip())
          .findFirst()
          .orElseThrow(() -> new AssertionError(locked + " does not name " + packageName));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the id of the repo that everybody may read, or of the one named by the ending. */
  String repo(String ending) {
    return "acme/" + id + ending;
  }
}
