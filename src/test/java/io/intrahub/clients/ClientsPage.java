package io.intrahub.clients;

import java.util.Map;

/** Writes {@code docs/clients.md}. */
final class ClientsPage {
  static final String COMMAND =
      "./check -Dtest=NONE -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=ClientsTableIT"
          + " -Dintrahub.write=true";

  private static final String HEAD =
      """
      <!-- ClientsTableIT writes this page. To write it anew, run:
           %s -->
      # Clients

      Use this page to see which clients are tested against this version, what happened, and the two lines that make
      a client use the mirror.

      Each client ran against the packed product. *Cold* is the first load of a repo, *warm* the next one: a new process
      with an empty cache, for which the mirror asked the Hub and its CDN nothing. For *upstream off* neither of them
      could be reached. The private repo was loaded in all three ways with the token of a user who may read it, and
      asked for with the token of another user, who saw the error in the last column. Branches and lists counted as fresh
      for 10 minutes, and not for one as by default (`freshness.revision-ttl`, `freshness.list-ttl`).

      | client | version | what was run | cold | warm | upstream off | private, right token | private, wrong token |
      | --- | --- | --- | --- | --- | --- | --- | --- |
      """;

  private static final String LINES =
      """

      ## Use the mirror

      Replace `http://mirror:8090` by the address of your mirror, and the repo by yours. A token, if a repo needs one, goes
      where it always goes, for example into `HF_TOKEN`. `ClientLinesIT` runs these lines, and replaces only the address.

      """;

  private static final String END =
      """
      ## Partial reads

      `ParquetColumnsIT` reads one of two columns of a Parquet file of 45 MB that the mirror does not have. The column is a
      thirteenth of the file. For DuckDB the mirror fetches less than a fifth of the file. For PyArrow it fetches less than
      a half, because `HfFileSystem` reads 5 MiB ahead at each of the three row groups.

      ## What does not work, and what is not tested

      - **Uploads.** `push_to_hub`, `hf upload` and every other write is refused: the mirror is read-only. Unset
        `HF_ENDPOINT` to upload.
      - **Files of buckets.** They come over Xet only, which the mirror does not speak, so a request for one is refused
        with a 501. Buckets are listed and described (`hf buckets ls`). Unset `HF_ENDPOINT` to load their files.
      - **`whoami`.** The mirror asks the Hub each time, so it fails while the Hub can't be reached.
      - **Kernels.** Unless it is told to trust the kernel, as above, `get_kernel` asks the Hub whether the publisher is
        a trusted one, and raises a `ValueError` if not. The mirror passes this question on and keeps the answer for each
        user in memory only, and shows it during an outage. After a restart during an outage, or in `mode: offline`, it has
        no answer, and `get_kernel` raises a `ValueError` that says that the trust could not be verified. A kernel that
        `trust_remote_code` names loads then, too.
      - **`hf://` in Polars and DuckDB.** Both take `hf://` for `https://huggingface.co`, whatever `HF_ENDPOINT` says. Give
        them the address of the file, as above, or a file opened with `HfFileSystem`.
      - **DuckDB's extension httpfs.** DuckDB loads it from `extensions.duckdb.org` when it first reads an address, and
        not through the mirror. Where that cannot be reached, install it beforehand: the Python package
        `duckdb-extension-httpfs` has the file, which belongs into `~/.duckdb/extensions/v1.5.5/linux_amd64`, with your
        version and platform.
      - **PyArrow's threads.** A program that ends right after `read_table` with `HfFileSystem` may be aborted before its
        output is written, with every endpoint ([apache/arrow#34314](https://github.com/apache/arrow/issues/34314)). The
        lines above read without threads.
      - **Clients that need torch** (`diffusers`, `peft`, `sentence-transformers`, and models of transformers) are not in
        this table. PyPI has no CPU-only torch for Linux x86-64, and torch 2.15.0 with the CUDA packages that it requires
        is a download of 3.0 GB, too much for each CI run. These clients download through `huggingface_hub`, which is in
        the table. Where torch is installed in `target/clients`, `TransformersIT` loads a whole model.
      """;

  private ClientsPage() {}

  /**
   * Returns the page. Everything but the refusals is the same for all clients, or the test fails.
   *
   * @param refusals what the user of a wrong token sees
   */
  static String of(Map<TableRow, String> refusals) {
    StringBuilder page = new StringBuilder(HEAD.formatted(COMMAND));
    for (TableRow row : TableRow.ALL) {
      page.append(
          "| %s | %s | %s | loads | loads, 0 upstream calls | loads | loads | %s |\n"
              .formatted(row.name(), row.version(), row.run(), refusals.get(row)));
    }
    page.append(LINES);
    for (TableRow row : TableRow.ALL) {
      page.append(
          "%s %s:\n\n```sh\n%s\n```\n\n"
              .formatted(
                  row.name(),
                  row.version().equals("any") ? "" : row.version(),
                  String.join("\n", row.lines()))
              .replace(" :", ":"));
    }
    return page.append(END).toString();
  }
}
