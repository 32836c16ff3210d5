package io.intrahub.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ids, revisions, paths and commits: what they may be, and that no text makes them throw. */
class NamesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"gpt2", "a", "acme/x", "acme/x.y-z_0", "_a/_b", "a-b/c.d", "A/B", "resolve/tree"})
  void a_repo_id_is_what_the_python_client_lets_pass(String id) {
    assertThat(RepoId.parse(RepoType.MODEL, id)).map(RepoId::id).contains(id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "a/",
        "/b",
        "a/b/c",
        "a--b",
        "a/b--c",
        "a..b",
        "a/b..c",
        ".a",
        "a.",
        "-a",
        "a-",
        "a/b.git",
        "a.git",
        "a b",
        "a/é",
        "a\0",
        "a\\b",
        "a/b\n",
        "api/x",
        "datasets",
        "API/x",
        "Datasets/x",
        "a/.",
        "a/..",
        "../b",
        "a/%2e"
      })
  void what_is_no_repo_id_is_refused(String id) {
    assertThat(RepoId.parse(RepoType.MODEL, id)).isEmpty();
    assertThatThrownBy(() -> new RepoId(RepoType.MODEL, id))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_part_of_an_id_has_at_most_96_characters() {
    assertThat(RepoId.parse(RepoType.MODEL, "a".repeat(96) + "/" + "b".repeat(96))).isPresent();
    assertThat(RepoId.parse(RepoType.MODEL, "a/" + "b".repeat(97))).isEmpty();
    assertThat(RepoId.parse(RepoType.MODEL, "b".repeat(97))).isEmpty();
  }

  @Test
  void a_repo_has_a_folder_and_an_address_of_its_own() {
    RepoId dataset = new RepoId(RepoType.DATASET, "acme/x");
    assertThat(dataset.folderName()).isEqualTo("datasets--acme--x");
    assertThat(dataset.apiPath()).isEqualTo("/api/datasets/acme/x");
    assertThat(dataset).hasToString("dataset acme/x");
    assertThat(new RepoId(RepoType.MODEL, "gpt2").folderName()).isEqualTo("models--gpt2");
    assertThat(dataset).isNotEqualTo(new RepoId(RepoType.MODEL, "acme/x"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"main", "HEAD", "v1.0", "refs/pr/1", "a/b", "a-b_c+d", "é", "a@b", "a.b/c"})
  void a_revision_is_what_git_calls_a_ref(String revision) {
    assertThat(Revision.parse(revision)).map(Revision::value).contains(revision);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        ".",
        "..",
        "a..b",
        ".a",
        "a/.b",
        "a.",
        "a.lock",
        "a.lock/b",
        "a b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[0]",
        "a\\b",
        "a@{1}",
        "a\0",
        "a\n",
        "a\u007f",
        "a\u0085",
        "a\u202e",
        "a\u200e",
        "a\u200f",
        "a\u061c",
        "\ud800",
        "~",
        "~~x",
        "~a b"
      })
  void what_is_no_revision_is_refused(String revision) {
    assertThat(Revision.parse(revision)).isEmpty();
  }

  @Test
  void a_revision_has_at_most_255_bytes() {
    assertThat(Revision.parse("a".repeat(255))).isPresent();
    assertThat(Revision.parse("a".repeat(256))).isEmpty();
    assertThat(Revision.parse("é".repeat(128))).isEmpty();
  }

  @Test
  void duckdb_writes_converted_branches_short() {
    assertThat(Revision.parse("~parquet")).contains(new Revision("refs/convert/parquet"));
  }

  @Test
  void only_40_lower_case_digits_are_a_commit() {
    String sha = "0123456789abcdef0123456789abcdef01234567";
    assertThat(CommitHash.parse(sha)).contains(new CommitHash(sha));
    assertThat(new Revision(sha).asCommit()).contains(new CommitHash(sha));
    assertThat(new CommitHash(sha).asRevision().value()).isEqualTo(sha);
    assertThat(CommitHash.parse(sha.toUpperCase(java.util.Locale.ROOT))).isEmpty();
    assertThat(CommitHash.parse(sha.substring(1))).isEmpty();
    assertThat(CommitHash.parse(sha + "0")).isEmpty();
    assertThat(CommitHash.parse(sha.replace('0', '０'))).isEmpty();
    assertThat(new Revision("main").asCommit()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "f",
        "a/b/c",
        "...",
        "..a",
        "a..",
        ".git/config",
        "a b",
        " ",
        "é",
        "e\u0301",
        "a:b",
        "~",
        "a%2Fb",
        "-rf",
        "a\u200cb",
        "\ud83d\ude00"
      })
  void a_path_is_what_git_lets_pass(String path) {
    assertThat(FilePath.parse(path)).map(FilePath::value).contains(path);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "./a", "a/./b", "a\0b", "\ud800",
        "a\udc00"
      })
  void what_is_no_path_is_refused(String path) {
    assertThat(FilePath.parse(path)).isEmpty();
    assertThatThrownBy(() -> new FilePath(path)).isInstanceOf(IllegalArgumentException.class);
  }

  /** A listing names it, so that nobody takes a snapshot without it for whole. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\nb",
        "a\u007f",
        "a\u0085",
        "a\u2028",
        "\u202eb",
        "\u200eb",
        "b\u200f",
        "\u061cb",
        "\ufeffa",
        "\\a",
        "..\\a",
        "a\\..\\b",
        "a\\.",
        "d/.\\a"
      })
  void a_name_that_would_mislead_its_readers_is_known_but_not_served(String path) {
    assertThat(FilePath.parse(path)).hasValueSatisfying(p -> assertThat(p.isServable()).isFalse());
  }

  @Test
  void a_backslash_is_a_letter() {
    assertThat(FilePath.parse("a\\b"))
        .hasValueSatisfying(p -> assertThat(p.isServable()).isTrue())
        .map(FilePath::name)
        .contains("a\\b");
  }

  @Test
  void a_path_and_its_names_have_a_longest() {
    assertThat(FilePath.parse("a".repeat(255))).map(FilePath::isServable).contains(true);
    assertThat(FilePath.parse("a".repeat(256))).map(FilePath::isServable).contains(false);
    assertThat(FilePath.parse("é".repeat(128))).map(FilePath::isServable).contains(false);
    String longest = "abc/".repeat(511) + "abcd";
    assertThat(FilePath.parse(longest)).map(FilePath::isServable).contains(true);
    assertThat(FilePath.parse(longest + "e")).map(FilePath::isServable).contains(false);
  }

  @Test
  void a_path_knows_its_name_and_what_it_is_under() {
    FilePath path = new FilePath("a/b/c.txt");
    assertThat(path.name()).isEqualTo("c.txt");
    assertThat(path.isUnder(new FilePath("a"))).isTrue();
    assertThat(path.isUnder(new FilePath("a/b"))).isTrue();
    assertThat(path.isUnder(path)).isFalse();
    assertThat(new FilePath("ab/c").isUnder(new FilePath("a"))).isFalse();
    assertThat(new FilePath("sub dir/f#1 é+.txt").encoded())
        .isEqualTo("sub%20dir/f%231%20%C3%A9%2B.txt");
  }

  @ParameterizedTest
  @ValueSource(longs = {21})
  void no_text_makes_a_name_throw_or_dangerous(long seed) {
    Random random = new Random(seed);
    String alphabet = "aA0./\\-_~%:@ \0\n\u007fé\u0085\u202e\ud83d\ude00";
    for (int round = 0; round < 50_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(8); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      String name = text.toString();
      Optional<String> bad =
          java.util.stream.Stream.of(
                  RepoId.parse(RepoType.SPACE, name).map(RepoId::id),
                  Revision.parse(name).map(Revision::value),
                  FilePath.parse(name)
                      .filter(FilePath::isServable)
                      // A backslash is a letter of it, but must not lead out of a folder anywhere.
                      .map(path -> path.value().replaceAll("[/\\\\]+", "/"))
                      .map(path -> path.replaceAll("^/|/$", "")),
                  CommitHash.parse(name).map(CommitHash::hex))
              .flatMap(Optional::stream)
              .filter(n -> ("/" + n + "/").matches("(?s).*(/\\.{0,2}/|[\0-\u001f\u007f\\\\]).*"))
              .findFirst();
      assertThat(bad).as("seed %d, round %d", seed, round).isEmpty();
    }
  }
}
