package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Commits, refs and contents, without a server. */
class CommitTest {
  private final DevRepo repo = new Directory(1).createOrGet(DevRepoType.MODEL, "acme/tiny-bert");

  /** The expected ids were made by git 2.39 from the same files, names and dates. */
  @Test
  void object_ids_are_those_of_git() {
    String first =
        repo.commit(
            "main",
            "first",
            DevCaller.files(
                "a/b.txt", DevFile.text("x"),
                "a.txt", DevFile.text("y"),
                "a-c", DevFile.text("z"),
                "sub/é", DevFile.text("")));
    Map<String, DevFile> gone = new HashMap<>();
    gone.put("a.txt", null);
    String second = repo.commit("main", "second", gone);

    assertThat(first).isEqualTo("2ac7e2ce78788b7341f404df34deaa360c7c211f");
    assertThat(second).isEqualTo("29bb12bbd0ca79fc034233485bd4cff70e926973");
    Commit commit = repo.resolve("main").orElseThrow();
    assertThat(commit.list("", true).orElseThrow())
        .extracting(e -> e.path() + " " + e.oid())
        .containsExactly(
            "a-c fa7af8bf5fdd704f73beb3adc5612682a98e1af5",
            "a 01cc09486627c642a9ec37ee69658e70cf98f230",
            "a/b.txt c1b0730e0133447badcfd47fd144e254807b06e1",
            "sub 2b4972fb8de91d28c29d8722ddf5f8d02229af54",
            "sub/é e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    assertThat(commit.entries().get("sub/é").oid())
        .isEqualTo("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  }

  @Test
  void an_entry_names_the_last_commit_that_changed_it() {
    String first =
        repo.commit(
            "main", "one", DevCaller.files("d/a", DevFile.text("1"), "b", DevFile.text("2")));
    String second = repo.commit("main", "two", DevCaller.files("d/c", DevFile.text("3")));
    Map<String, DevEntry> entries = repo.resolve("main").orElseThrow().entries();
    assertThat(entries.get("d/a").change().commit()).isEqualTo(first);
    assertThat(entries.get("b").change().commit()).isEqualTo(first);
    assertThat(entries.get("d").change().commit()).isEqualTo(second);
    assertThat(entries.get("d/c").change().title()).isEqualTo("two");
  }

  @Test
  void an_lfs_file_has_the_id_of_its_pointer() {
    DevFile file = DevFile.lfs(new byte[] {1, 2, 3});
    assertThat(file.gitOid())
        .isEqualTo(DevFile.text(file.pointer()).gitOid())
        .isNotEqualTo(DevFile.bytes(new byte[] {1, 2, 3}).gitOid());
    assertThat(file.etag()).isEqualTo(file.sha256());
  }

  @Test
  void what_git_cannot_keep_is_refused() {
    for (String path : new String[] {"", "a//b", "/a", "a/", "a/../b", "."}) {
      assertThatThrownBy(() -> repo.commit("m", path, DevFile.text("")))
          .as(path)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() ->
            repo.commit(
                "main", "m", DevCaller.files("a", DevFile.text(""), "a/b", DevFile.text(""))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> repo.tag("v1", "f".repeat(40)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void an_abbreviation_must_be_long_enough_and_unique() {
    String sha = repo.commit("main", "m", DevCaller.files("a", DevFile.text("")));
    assertThat(repo.commitOf(sha.substring(0, 7))).contains(sha);
    assertThat(repo.commitOf(sha.substring(0, 6))).isEmpty();
    assertThat(repo.commitOf("0".repeat(40))).isEmpty();
  }

  @Test
  void generated_bytes_are_the_same_from_every_offset() {
    DevContent content = new DevContent.Generated(42, 100_003);
    byte[] all = new byte[100_003];
    assertThat(content.read(0, all, 0, all.length)).isEqualTo(all.length);
    Random random = new Random(1);
    for (int i = 0; i < 1000; i++) {
      int from = random.nextInt(all.length);
      byte[] part = new byte[1 + random.nextInt(200)];
      int n = content.read(from, part, 0, part.length);
      assertThat(n).isEqualTo(Math.min(part.length, all.length - from));
      for (int j = 0; j < n; j++) {
        assertThat(part[j]).as("offset " + (from + j)).isEqualTo(all[from + j]);
      }
    }
    assertThat(Hashes.sha256(content))
        .isNotEqualTo(Hashes.sha256(new DevContent.Generated(43, 100_003)));
  }
}
