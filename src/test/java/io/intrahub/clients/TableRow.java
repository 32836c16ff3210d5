package io.intrahub.clients;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One client of {@code docs/clients.md}.
 *
 * @param id part of the names of its repos, which no other client loads
 * @param name as users know it
 * @param packageName whose version is shown; empty if the version does not matter
 * @param setup empty for curl
 * @param function of {@code table.py}; empty if the test runs a program
 * @param run what the test runs
 * @param lines what a user writes
 */
record TableRow(
    String id,
    String name,
    String packageName,
    Optional<ClientSetup> setup,
    String function,
    String run,
    List<String> lines) {

  private static final String HUB = "huggingface_hub";
  private static final String NEWEST = "hf-2.4.0";
  private static final String DATASETS = "datasets-5";
  private static final String ENDPOINT = "export HF_ENDPOINT=http://mirror:8090";
  private static final Set<String> OF_DATA =
      Set.of("datasets", "pandas", "pyarrow", "polars", "duckdb");

  /** In the order of the page. */
  static final List<TableRow> ALL =
      List.of(
          hub(ClientSetup.of("hf-0.23.5"), "", "huggingface-cli download acme/tiny"),
          hub(ClientSetup.of("hf-0.36.2"), "", "hf download acme/tiny"),
          hub(
              ClientSetup.of("hf-0.36.2").with("HF_HUB_ENABLE_HF_TRANSFER", "1"),
              " with hf_transfer",
              "HF_HUB_ENABLE_HF_TRANSFER=1 hf download acme/tiny"),
          hub(ClientSetup.of("hf-1.33.0"), "", "hf download acme/tiny"),
          hub(
              ClientSetup.of(NEWEST),
              "",
              python("from huggingface_hub import snapshot_download as s; print(s('acme/tiny'))")),
          hub(ClientSetup.of(NEWEST).without("hf_xet"), " without hf-xet", "hf download acme/tiny"),
          new TableRow(
              "cli",
              "hf (command line)",
              HUB,
              Optional.of(ClientSetup.of(NEWEST)),
              "",
              "`hf download --local-dir`",
              List.of(ENDPOINT, "hf download acme/tiny --local-dir tiny")),
          row(
              "api",
              "HfApi",
              HUB,
              NEWEST,
              "lists of models and datasets with filters and pages; searches and templates of spaces;"
                  + " papers; info, trees, paths, refs, commits and discussions of a repo; what"
                  + " exists; headers of safetensors",
              python("from huggingface_hub import HfApi as A; print(A().model_info('acme/tiny'))")),
          row(
              "files",
              "HfFileSystem",
              HUB,
              NEWEST,
              "`find`, `ls`, `glob`, `walk`, `info`, whole and partial reads, and 8 threads that"
                  + " each read a part of a file",
              python("from huggingface_hub import HfFileSystem as F; print(F().ls('acme/tiny'))")),
          transformers("4.57"),
          transformers("5"),
          row(
              "tokenizers",
              "tokenizers",
              "tokenizers",
              DATASETS,
              "`Tokenizer.from_pretrained`",
              python(
                  "from tokenizers import Tokenizer as T;"
                      + " print(T.from_pretrained('acme/tiny').encode('hello').tokens)")),
          row(
              "safetensors",
              "safetensors",
              "safetensors",
              DATASETS,
              "the header by ranges, then one tensor of the file",
              python(
                  "from huggingface_hub import get_safetensors_metadata as m;"
                      + " print(m('acme/tiny'))")),
          row(
              "datasets",
              "datasets",
              "datasets",
              DATASETS,
              "`load_dataset` of Parquet, JSON lines, CSV and an image folder, also streaming",
              python(
                  "from datasets import load_dataset as d;"
                      + " print(d('acme/rows', data_files='data/train.parquet', split='train')[0])")),
          row(
              "pandas",
              "pandas",
              "pandas",
              DATASETS,
              "`read_csv`, `read_parquet` of `hf://` addresses",
              python(
                  "import pandas;"
                      + " print(pandas.read_csv('hf://datasets/acme/rows/data/train.csv'))")),
          row(
              "pyarrow",
              "PyArrow",
              "pyarrow",
              DATASETS,
              "`read_table` of one column through `HfFileSystem`",
              python(
                  "import pyarrow.parquet as p, huggingface_hub as h;"
                      + " f = h.HfFileSystem().open('datasets/acme/rows/data/train.parquet');"
                      + " print(p.ParquetFile(f).read(use_threads=False))")),
          row(
              "polars",
              "Polars",
              "polars",
              DATASETS,
              "`scan_parquet` of the file's address; with a token through `HfFileSystem`",
              python(
                  "import polars; print(polars.scan_parquet('$HF_ENDPOINT/datasets/acme/rows"
                      + "/resolve/main/data/train.parquet').collect())")),
          row(
              "duckdb",
              "DuckDB",
              "duckdb",
              DATASETS,
              "`SELECT` from Parquet and CSV over HTTP ranges, with httpfs",
              python(
                  "import duckdb; print(duckdb.read_parquet('$HF_ENDPOINT/datasets/acme/rows"
                      + "/resolve/main/data/train.parquet'))")),
          new TableRow(
              "curl",
              "curl",
              "",
              Optional.empty(),
              "",
              "each file by itself",
              List.of(ENDPOINT, "curl -fLO $HF_ENDPOINT/acme/tiny/resolve/main/config.json")),
          row(
              "kernels",
              "kernels",
              "kernels",
              DATASETS,
              "`get_kernel` of a version by a trusted publisher, without torch;"
                  + " `HfApi.kernel_info`",
              python(
                  "from kernels import get_kernel as k; print(k('acme/kernel', version=1,"
                      + " trust_remote_code=['acme/kernel']))")));

  /** No line of the page: the upload that a mirror refuses. */
  static final TableRow PUSH = row("push", "datasets", "datasets", DATASETS, "`push_to_hub`", "");

  /** No line of the page: whose the token is, which the Hub is asked each time. */
  static final TableRow WHOAMI = row("whoami", "HfApi", HUB, NEWEST, "`whoami`", "");

  private static TableRow hub(ClientSetup setup, String addition, String line) {
    return new TableRow(
        setup.environment().replace("hf-", "hub-")
            + addition.replace(" with ", "-").replace(' ', '-'),
        HUB + addition,
        HUB,
        Optional.of(setup),
        setup.without().isPresent() ? "snapshot_without_xet" : "snapshot",
        "`snapshot_download`"
            + (addition.contains("hf_transfer")
                ? ", also of a file of 53 MB: hf_transfer loads files of more than 50 MiB, in"
                    + " parallel parts"
                : ""),
        List.of(ENDPOINT, line));
  }

  private static TableRow transformers(String generation) {
    return new TableRow(
        "transformers-" + generation,
        "transformers",
        "transformers",
        Optional.of(ClientSetup.of("transformers-" + generation)),
        "transformers",
        "`AutoConfig`, `AutoTokenizer`, weights without torch",
        List.of(
            ENDPOINT,
            python(
                "from transformers import AutoTokenizer as A;"
                    + " print(A.from_pretrained('acme/tiny'))")));
  }

  private static TableRow row(
      String id, String name, String packageName, String environment, String run, String line) {
    return new TableRow(
        id,
        name,
        packageName,
        Optional.of(ClientSetup.of(environment)),
        id,
        run,
        List.of(ENDPOINT, line));
  }

  private static String python(String code) {
    return "python -c \"" + code + "\"";
  }

  /** Whether it reads a dataset with the same id, too. */
  boolean readsBoth() {
    return function.equals("api");
  }

  /** Whether it reads rows of a dataset rather than files of a model. */
  boolean ofData() {
    return OF_DATA.contains(id);
  }

  /** The type of its repos. */
  String type() {
    return ofData() ? "dataset" : ofKernels() ? "kernel" : "model";
  }

  /** Whether it imports Python modules from its repos. */
  boolean ofKernels() {
    return id.equals("kernels");
  }

  /** Whether it ends with every file of the repo, and not only with those that it needs. */
  boolean loadsAll() {
    return function.isEmpty() || isSnapshot() || function.equals("files");
  }

  /** Whether its environment has hf_transfer, which loads only large files. */
  boolean ofTransfer() {
    return id.endsWith("hf_transfer");
  }

  /** The size of the parts in which it loads its largest file in parallel, or empty. */
  Optional<Long> parts() {
    return ofTransfer()
        ? Optional.of(10L << 20)
        : id.equals("files") ? Optional.of(TableRepos.EIGHTH) : Optional.empty();
  }

  /** Whether it is {@code snapshot_download}. */
  boolean isSnapshot() {
    return function.startsWith("snapshot");
  }

  /** The version that the lock file of its environment names, or "any". */
  String version() {
    if (setup.isEmpty()) {
      return "any";
    }
    Path locked = Path.of("src/test/clients", setup.get().environment(), "requirements.txt");
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

  /** Whether a request, decoded, is about the repo that everybody may read or its publisher. */
  boolean isAbout(String target) {
    return target.matches(".*[/=]" + Pattern.quote(repo("")) + "([/?&].*)?")
        || (ofKernels() && target.equals("/api/organizations/acme/overview"));
  }

  /** Returns the id of the repo that everybody may read, or of the one named by the ending. */
  String repo(String ending) {
    return "acme/" + id + ending;
  }
}
