package io.intrahub.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The spellings that clients were seen to send, and those that nobody may send. */
class HubTargetParserTest {
  private static final String SHA = "aaaaaaaa0123456789abcdef0123456789abcdef";

  private static HubTarget target(String raw) {
    HubTargetParser.Parsed parsed = HubTargetParser.parse(raw);
    assertThat(parsed).as(raw).isInstanceOf(HubTargetParser.Target.class);
    return ((HubTargetParser.Target) parsed).target();
  }

  private static RepoId repo(String type, String id) {
    return new RepoId(RepoType.valueOf(type), id);
  }

  @ParameterizedTest
  @CsvSource({
    // Python: one escaped segment for the revision, plain slashes in the path.
    "/acme/x/resolve/main/config.json, MODEL, acme/x, main, config.json",
    "/gpt2/resolve/main/config.json, MODEL, gpt2, main, config.json",
    "/datasets/acme/x/resolve/main/a/b.csv, DATASET, acme/x, main, a/b.csv",
    "/datasets/squad/resolve/main/README.md, DATASET, squad, main, README.md",
    "/spaces/acme/x/resolve/main/app.py, SPACE, acme/x, main, app.py",
    "/acme/x/resolve/refs%2Fpr%2F1/f, MODEL, acme/x, refs/pr/1, f",
    "/acme/x/resolve/refs%2fconvert%2fparquet/f, MODEL, acme/x, refs/convert/parquet, f",
    "/acme/x/resolve/feature%2Fx/f, MODEL, acme/x, feature/x, f",
    "/acme/x/resolve/HEAD/f, MODEL, acme/x, HEAD, f",
    "/acme/x/resolve/v1.0/f, MODEL, acme/x, v1.0, f",
    "/acme/x/resolve/aaaaaaaa/f, MODEL, acme/x, aaaaaaaa, f",
    // Browsers, curl users, HfFileSystem: the well-known refs unescaped.
    "/acme/x/resolve/refs/pr/1/f, MODEL, acme/x, refs/pr/1, f",
    "/acme/x/resolve/refs/convert/parquet/a/b, MODEL, acme/x, refs/convert/parquet, a/b",
    // DuckDB.
    "/datasets/acme/x/resolve/~parquet/f, DATASET, acme/x, refs/convert/parquet, f",
    "/datasets/acme/x/resolve/%7Eparquet/f, DATASET, acme/x, refs/convert/parquet, f",
    // hf-hub 0.x and huggingface.js do not trim the slash of an endpoint.
    "//acme/x/resolve/main/f, MODEL, acme/x, main, f",
    "//acme//x///resolve/main//d//f, MODEL, acme/x, main, d/f",
    // Names.
    "/acme/x/resolve/main/sub%20dir/f%231%20%C3%A9.txt, MODEL, acme/x, main, sub dir/f#1 é.txt",
    "/acme/x/resolve/main/sub dir/é.txt, MODEL, acme/x, main, sub dir/é.txt",
    "/acme/x/resolve/main/a+b, MODEL, acme/x, main, a+b",
    "/acme/x/resolve/main/a%2Bb, MODEL, acme/x, main, a+b",
    "/acme/x/resolve/main/a%252Fb, MODEL, acme/x, main, a%2Fb",
    "/acme/x/resolve/main/d%2Ff, MODEL, acme/x, main, d/f",
    "/acme/x/resolve/main/.hidden/..f, MODEL, acme/x, main, .hidden/..f",
    "/acme/x/resolve/main/resolve/main/raw, MODEL, acme/x, main, resolve/main/raw",
    // Ids, revisions and paths that look like sign posts.
    "/acme/tree/resolve/main/f, MODEL, acme/tree, main, f",
    "/acme/resolve/resolve/main/f, MODEL, acme/resolve, main, f",
    "/tree/resolve/main/f, MODEL, tree, main, f",
    "/a/resolve/resolve/f, MODEL, a, resolve, f",
    "/a/resolve/%72esolve/main/f, MODEL, a, resolve, main/f",
    "/acme/x/resolve/resolve/resolve, MODEL, acme/x, resolve, resolve",
    "/acme/x/resolve/refs/f, MODEL, acme/x, refs, f",
    "/acme/x/resolve/refs/heads/f, MODEL, acme/x, refs, heads/f",
    // The undocumented twin.
    "/api/models/acme/x/resolve/main/f, MODEL, acme/x, main, f",
    "/api/datasets/acme/x/resolve/refs%2Fpr%2F1/d/f, DATASET, acme/x, refs/pr/1, d/f",
  })
  void a_file_is_found_in_every_spelling(
      String raw, String type, String id, String revision, String path) {
    assertThat(target(raw))
        .isEqualTo(
            new HubTarget.ResolveFile(repo(type, id), new Revision(revision), new FilePath(path)));
  }

  @Test
  void raw_and_blob_name_the_same_file_otherwise() {
    RepoId repo = repo("MODEL", "acme/x");
    Revision main = new Revision("main");
    FilePath file = new FilePath("d/f");
    assertThat(target("/acme/x/raw/main/d/f")).isEqualTo(new HubTarget.RawFile(repo, main, file));
    assertThat(target("/api/models/acme/x/raw/main/d/f"))
        .isEqualTo(new HubTarget.RawFile(repo, main, file));
    assertThat(target("/acme/x/blob/main/d/f")).isEqualTo(new HubTarget.BlobPage(repo, main, file));
  }

  @ParameterizedTest
  @CsvSource({
    "/api/resolve-cache/models/acme/x/SHA/d/f, MODEL, acme/x, d/f",
    "/api/resolve-cache/models/acme/x/SHA/d%2Ff, MODEL, acme/x, d/f",
    "/api/resolve-cache/datasets/squad/SHA/f, DATASET, squad, f",
    "/api/resolve-cache/spaces/acme/x/SHA/f, SPACE, acme/x, f",
  })
  void the_second_hop_of_a_regular_file_is_known(String raw, String type, String id, String path) {
    assertThat(target(raw.replace("SHA", SHA)))
        .isEqualTo(
            new HubTarget.ResolveCacheFile(
                repo(type, id), new CommitHash(SHA), new FilePath(path)));
  }

  @ParameterizedTest
  @CsvSource({
    "/api/models/acme/x, MODEL, acme/x, ''",
    "/api/models/acme/x/, MODEL, acme/x, ''",
    "//api//models//acme/x, MODEL, acme/x, ''",
    "/api/models/gpt2, MODEL, gpt2, ''",
    "/api/datasets/squad, DATASET, squad, ''",
    "/api/spaces/acme/x/revision/main, SPACE, acme/x, main",
    "/api/models/gpt2/revision/main, MODEL, gpt2, main",
    "/api/models/acme/x/revision/refs%2Fpr%2F1, MODEL, acme/x, refs/pr/1",
    "/api/models/acme/x/revision/refs/pr/1, MODEL, acme/x, refs/pr/1",
    "/api/models/acme/x/revision/~parquet, MODEL, acme/x, refs/convert/parquet",
    "/api/models/acme/tree, MODEL, acme/tree, ''",
    "/api/models/acme/resolve, MODEL, acme/resolve, ''",
    "/api/models/acme/revision, MODEL, acme/revision, ''",
    "/api/models/acme/tree/revision/main, MODEL, acme/tree, main",
    "/api/models/acme/resolve/revision/main, MODEL, acme/resolve, main",
    "/api/models/tree, MODEL, tree, ''",
    "/api/models/tree/revision/main, MODEL, tree, main",
    "/api/models/gpt2/revision/tree, MODEL, gpt2, tree",
  })
  void repo_info_is_found_in_every_spelling(String raw, String type, String id, String revision) {
    Optional<Revision> expected =
        revision.isEmpty() ? Optional.empty() : Optional.of(new Revision(revision));
    assertThat(target(raw)).isEqualTo(new HubTarget.RepoInfo(repo(type, id), expected));
  }

  @ParameterizedTest
  @CsvSource({
    "/api/models/acme/x/tree/main, acme/x, main, ''",
    "/api/models/acme/x/tree/main/, acme/x, main, ''",
    "/api/models/acme/x/tree/main/a%2Fb, acme/x, main, a/b",
    "/api/models/acme/x/tree/main/a/b, acme/x, main, a/b",
    "/api/models/acme/x/tree/refs%2Fpr%2F1/a, acme/x, refs/pr/1, a",
    "/api/models/acme/x/tree/refs/pr/1/a, acme/x, refs/pr/1, a",
    "/api/models/acme/x/tree/refs/pr/1, acme/x, refs/pr/1, ''",
    "/api/models/acme/tree/tree/main/tree, acme/tree, main, tree",
    "/api/models/gpt2/tree/main/a, gpt2, main, a",
  })
  void a_listing_is_found_in_every_spelling(String raw, String id, String revision, String path) {
    Optional<FilePath> expected =
        path.isEmpty() ? Optional.empty() : Optional.of(new FilePath(path));
    assertThat(target(raw))
        .isEqualTo(new HubTarget.Tree(repo("MODEL", id), new Revision(revision), expected));
  }

  @Test
  void other_resources_of_a_repo_are_told_apart() {
    RepoId x = repo("MODEL", "acme/x");
    RepoId gpt2 = repo("MODEL", "gpt2");
    assertThat(target("/api/models/acme/x/refs")).isEqualTo(new HubTarget.Refs(x));
    assertThat(target("/api/models/gpt2/refs")).isEqualTo(new HubTarget.Refs(gpt2));
    assertThat(target("/api/models/acme/x/paths-info/refs%2Fpr%2F1"))
        .isEqualTo(new HubTarget.PathsInfo(x, new Revision("refs/pr/1")));
    assertThat(target("/api/models/acme/x/xet-read-token/main"))
        .isEqualTo(new HubTarget.XetToken(x));
    assertThat(target("/api/models/acme/x/xet-write-token/" + SHA))
        .isEqualTo(new HubTarget.XetToken(x));
    assertThat(target("/api/models/acme/x/commits/refs%2Fpr%2F1"))
        .isEqualTo(new HubTarget.RepoResource(x, "commits/refs%2Fpr%2F1"));
    assertThat(target("/api/models/gpt2/commits/main"))
        .isEqualTo(new HubTarget.RepoResource(gpt2, "commits/main"));
    assertThat(target("/api/models/gpt2/auth-check"))
        .isEqualTo(new HubTarget.RepoResource(gpt2, "auth-check"));
    assertThat(target("/api/models/acme/x/never-heard-of/it"))
        .isEqualTo(new HubTarget.RepoResource(x, "never-heard-of/it"));
    assertThat(target("/api/models/acme/x/refs/heads"))
        .isEqualTo(new HubTarget.RepoResource(x, "refs/heads"));
    assertThat(target("/api/models/gpt2/refs/heads"))
        .isEqualTo(new HubTarget.RepoResource(gpt2, "refs/heads"));
    for (String word : List.of("paths-info", "raw", "resolve", "revision", "tree")) {
      assertThat(target("/api/models/acme/x/" + word + "/"))
          .isEqualTo(new HubTarget.RepoResource(x, word));
    }
    assertThat(target("/api/agent-harnesses")).isEqualTo(new HubTarget.AgentHarnesses());
    assertThat(target("/api/telemetry/hf_hub/a/b")).isEqualTo(new HubTarget.Telemetry());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api",
        "/api/models",
        "/api/whoami-v2",
        "/api/collections/a/b",
        "/api/v1/x",
        "/api/spaces/semantic-search",
        "/api/spaces/templates",
        "/api/spaces/hardware",
        "/api/spaces/zero-gpu/quota"
      })
  void what_is_no_repos_is_passed_on_as_it_is(String raw) {
    assertThat(target(raw)).isEqualTo(new HubTarget.OtherApi(raw));
  }

  @Test
  void words_of_the_api_of_spaces_are_ids_and_namespaces_elsewhere() {
    assertThat(target("/api/models/templates"))
        .isEqualTo(new HubTarget.RepoInfo(repo("MODEL", "templates"), Optional.empty()));
    assertThat(target("/api/spaces/templates/x"))
        .isEqualTo(new HubTarget.RepoInfo(repo("SPACE", "templates/x"), Optional.empty()));
    assertThat(target("/api/spaces/acme/hardware"))
        .isEqualTo(new HubTarget.RepoInfo(repo("SPACE", "acme/hardware"), Optional.empty()));
  }

  @ParameterizedTest
  @CsvSource({
    "/papers/2401.00001.md, 2401.00001",
    "//papers//2401.00001.md, 2401.00001",
    "/papers/cs%2F0112017.md, cs/0112017",
  })
  void the_text_of_a_paper_is_found_in_every_spelling(String raw, String id) {
    assertThat(target(raw)).isEqualTo(new HubTarget.PaperText(id));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/papers/2401.00001", "/papers/.md", "/papers", "/papers/a/b.md"})
  void other_pages_about_papers_are_pages(String raw) {
    assertThat(target(raw)).isEqualTo(new HubTarget.Page(raw));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/acme", "/acme/x", "/docs/hub", "/API/models/acme/x", "/a/b/c/d"})
  void what_is_no_api_is_a_page(String raw) {
    assertThat(target(raw)).isEqualTo(new HubTarget.Page(raw));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "acme/x/resolve/main/f",
        "/acme/x/resolve/main/../f",
        "/acme/x/resolve/main/./f",
        "/acme/x/resolve/main/%2e%2e/f",
        "/acme/x/resolve/main/%2E./f",
        "/acme/x/resolve/main/..%2Ff",
        "/acme/x/resolve/main/d%2F..%2Ff",
        "/acme/x/resolve/main/%2Ff",
        "/acme/x/resolve/main/d%2F",
        "/acme/x/resolve/main/d%2F%2Ff",
        "/acme/x/resolve/../f",
        "/acme/x/resolve/%2e%2e/f",
        "/acme/x/resolve/a%2F..%2Fb/f",
        "/acme/x/resolve/.hidden/f",
        "/acme/x/resolve/a..b/f",
        "/acme/x/resolve/a.lock/f",
        "/acme/../resolve/main/f",
        "/../etc/passwd",
        "/api/../x",
        "/api/models/acme/%2e%2e",
        "/api/models/acme/x/tree/main/%2e%2e%2fx",
        "/api/models/acme/x/never/%2e%2e",
        "/acme/x/resolve/main/a%00b",
        "/acme/x/resolve/main/a%0Ab",
        "/acme/x/resolve/main/a%7Fb",
        "/acme/x/resolve/main/a%C2%85b",
        "/acme/x/resolve/main/a%E2%80%AEb",
        "/acme/x/resolve/main/a\\b",
        "/acme/x/resolve/main/..%5Cb",
        "/acme/x/resolve/main/a%5C..%5Cb",
        "/acme/x/resolve/main/a/b%5C.",
        "/acme/x/resolve/ma%5Cin/b",
        "/ac%5Cme/x/resolve/main/b",
        "/%5C%5Cother.example",
        "/api/models/acme/x/discussions%5C1",
        "/api/models/acme/x/revision/a%5Cb",
        "/api/models/a%5Cb",
        "/acme/x/resolve/main/a%zzb",
        "/acme/x/resolve/main/a%4",
        "/acme/x/resolve/main/a%",
        "/acme/x/resolve/main/a%FFb",
        "/acme/x/resolve/main/a%C0%AEb",
        "/acme/x/resolve/main/a%ED%A0%80b",
        "/acme/x/resolve/main",
        "/acme/x/resolve/main/",
        "/acme/x/resolve",
        "/a--b/x/resolve/main/f",
        "/acme/x.git/resolve/main/f",
        "/-acme/x/resolve/main/f",
        "/acme/x%20y/resolve/main/f",
        "/api/models/a--b/x",
        "/api/resolve-cache/models/acme/x/main/f",
        "/api/resolve-cache/models/acme/x/" + SHA,
        "/api/resolve-cache/nothings/acme/x/" + SHA + "/f",
      })
  void what_could_hurt_somebody_goes_no_further(String raw) {
    assertThat(HubTargetParser.parse(raw)).as(raw).isInstanceOf(HubTargetParser.Refused.class);
  }

  /** Git allows it in the name of a file. On the way here clients escape it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/acme/x/resolve/main/a%5Cb",
        "/acme/x/raw/main/d/a%5cb.txt",
        "/api/models/acme/x/tree/main/a%5Cb",
        "/api/resolve-cache/models/acme/x/" + SHA + "/server%5Cshare"
      })
  void a_backslash_is_part_of_a_files_name(String raw) {
    String formatted = target(raw).format();
    assertThat(formatted).contains("%5C").doesNotContain("\\");
    assertThat(target(formatted)).isEqualTo(target(raw));
  }

  @Test
  void names_and_paths_have_a_longest() {
    String longest = "a".repeat(255);
    assertThat(target("/acme/x/resolve/main/" + longest)).isInstanceOf(HubTarget.ResolveFile.class);
    assertThat(HubTargetParser.parse("/acme/x/resolve/main/" + longest + "a"))
        .isInstanceOf(HubTargetParser.Refused.class);
    assertThat(HubTargetParser.parse("/acme/x/resolve/main/" + "%C3%A9".repeat(128)))
        .isInstanceOf(HubTargetParser.Refused.class);
    assertThat(HubTargetParser.parse("/acme/x/resolve/main" + "/abcdefgh".repeat(250)))
        .isInstanceOf(HubTargetParser.Refused.class);
    assertThat(HubTargetParser.parse("/" + "a".repeat(8192)))
        .isInstanceOf(HubTargetParser.Refused.class);
  }
}
