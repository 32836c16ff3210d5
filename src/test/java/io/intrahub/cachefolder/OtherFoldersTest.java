package io.intrahub.cachefolder;

import static io.intrahub.cachefolder.StoredRepo.FIRST;
import static io.intrahub.cachefolder.StoredRepo.REPO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Revision;
import io.intrahub.store.Manifest;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Imports from a git clone and from plain files. */
class OtherFoldersTest {
  private static final String ATTRIBUTES =
      "# of the Hub\n*.safetensors filter=lfs diff=lfs merge=lfs -text\nonnx/*.json -filter\n";

  /** {@code onnx} and a folder in it. */
  private static final int FOLDERS = 2;

  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private final Map<String, byte[]> files = new TreeMap<>(StoredRepo.files());
  private Path folder;

  @BeforeEach
  void folder() throws Exception {
    files.put(".gitattributes", ATTRIBUTES.getBytes(StandardCharsets.UTF_8));
    folder = tmp.resolve("folder");
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
  }

  private ImportResult importFrom(CachedFiles from) throws Exception {
    try (FsStore store = StoredRepo.open(tmp.resolve("data"))) {
      return StoredRepo.importInto(store, from);
    }
  }

  private void expectStored(CommitHash commit) throws Exception {
    try (FsStore store = StoredRepo.open(tmp.resolve("data"))) {
      Manifest manifest = store.readOnly().manifest(REPO, commit).orElseThrow();
      StoredRepo.expectFiles(store, manifest, files);
      assertThat(manifest.size()).isEqualTo(files.size() + FOLDERS);
    }
  }

  @Test
  void plain_files_are_imported_as_what_their_attributes_say() throws Exception {
    Files.createDirectories(folder.resolve(".cache/huggingface"));
    Files.writeString(folder.resolve(".cache/huggingface/.gitignore"), "*");

    ImportResult result =
        importFrom(new PlainFolderReader(folder, REPO, Optional.of(Revision.MAIN), FIRST));

    assertThat(result.skipped()).isEmpty();
    assertThat(result.files()).isEqualTo(files.size());
    assertThat(result.revisions()).containsExactly(Revision.MAIN);
    expectStored(FIRST);
  }

  /** A clone with the LFS objects, and their pointers in the commit and still in the work tree. */
  private CommitHash makeClone() throws Exception {
    Git.run(folder, "init", "-q", "-b", "main");
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      BlobId blob = StoredRepo.blob(file.getKey(), file.getValue());
      if (blob.digest() instanceof Digest.Sha256 sha256) {
        String hex = sha256.hex();
        Path object =
            folder
                .resolve(".git/lfs/objects")
                .resolve(hex.substring(0, 2))
                .resolve(hex.substring(2, 4));
        Files.createDirectories(object);
        Files.write(object.resolve(hex), file.getValue());
        Files.write(folder.resolve(file.getKey()), LfsPointers.text(sha256, blob.size()));
      }
    }
    // As without git-lfs, which would otherwise be called.
    Git.run(folder, "-c", "filter.lfs.clean=cat", "add", "-A");
    Git.run(folder, "commit", "-q", "-m", "Add it");
    return new CommitHash(Git.run(folder, "rev-parse", "HEAD"));
  }

  /** The same with the content in the work tree, as git-lfs leaves it. */
  private CommitHash makeCheckedOutClone() throws Exception {
    CommitHash commit = makeClone();
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
    // Git compares what the filter makes of the content, and notes the sizes of the work tree.
    Path clean =
        Files.writeString(
            folder.resolve(".git/clean.sh"),
            """
            cat > .git/cleaned
            printf 'version https://git-lfs.github.com/spec/v1\\n'
            printf 'oid sha256:%s\\n' "$(sha256sum .git/cleaned | cut -c 1-64)"
            printf 'size %d\\n' "$(wc -c < .git/cleaned)"
            """);
    String filter = "filter.lfs.clean=sh " + folder.relativize(clean);
    Git.run(folder, "-c", filter, "add", "-A");
    assertThat(Git.run(folder, "-c", filter, "status", "--porcelain")).isEmpty();
    return commit;
  }

  @Test
  void packed_refs_of_any_size_are_searched_for_the_branch_that_is_checked_out() throws Exception {
    CommitHash commit = makeClone();
    Git.run(folder, "pack-refs", "--all");
    Path packed = folder.resolve(".git/packed-refs");
    String refs = Files.readString(packed);
    Files.writeString(
        packed, "f".repeat(40) + " " + "x".repeat(2_000) + " refs/heads/main\n" + refs);

    assertThat(clone(Optional.empty()).commits(REPO, (_, _) -> {})).containsExactly(commit);
  }

  private GitCloneReader clone(Optional<Revision> revision) throws IOException {
    return new GitCloneReader(folder, REPO, revision, TestRepos.budget());
  }

  @Test
  void a_git_clone_is_imported_with_its_lfs_objects() throws Exception {
    CommitHash commit = makeClone();
    Git.run(folder, "pack-refs", "--all");
    Git.run(folder, "gc", "-q");

    ImportResult result = importFrom(clone(Optional.of(Revision.MAIN)));

    assertThat(result.skipped()).isEmpty();
    assertThat(result.commits()).containsExactly(commit);
    assertThat(result.revisions()).containsExactly(Revision.MAIN);
    expectStored(commit);
  }

  @Test
  void a_git_clone_with_the_content_of_lfs_files_in_its_work_tree_is_imported() throws Exception {
    CommitHash commit = makeCheckedOutClone();

    ImportResult result = importFrom(clone(Optional.of(Revision.MAIN)));

    assertThat(result.skipped()).isEmpty();
    assertThat(result.commits()).containsExactly(commit);
    expectStored(commit);
  }

  @Test
  void what_is_changed_in_a_clone_or_was_not_downloaded_is_skipped() throws Exception {
    CommitHash commit = makeClone();
    Files.writeString(folder.resolve("config.json"), "changed by the user");
    String hex =
        StoredRepo.blob("model.safetensors", files.get("model.safetensors")).digest().hex();
    Files.delete(
        folder
            .resolve(".git/lfs/objects")
            .resolve(hex.substring(0, 2))
            .resolve(hex.substring(2, 4))
            .resolve(hex));

    ImportResult result = importFrom(clone(Optional.empty()));

    assertThat(result.skipped())
        .extracting(s -> s.path().getFileName() + ": " + s.why())
        .containsExactlyInAnyOrder(
            "config.json: it is damaged: its content does not match its digest",
            "model.safetensors: its LFS content is not in the clone: run git lfs pull");
    files.keySet().removeAll(java.util.Set.of("config.json", "model.safetensors"));
    expectStored(commit);
  }

  @Test
  void a_clone_with_staged_changes_is_refused() throws Exception {
    makeClone();
    Files.writeString(folder.resolve("config.json"), "changed by the user");
    Git.run(folder, "add", "config.json");

    assertThatThrownBy(() -> clone(Optional.empty())).hasMessageContaining("staged changes");
  }

  @Test
  void an_index_of_another_commit_than_the_one_that_is_checked_out_is_refused() throws Exception {
    CommitHash first = makeClone();
    Files.writeString(folder.resolve("config.json"), "of the second commit");
    Git.run(folder, "commit", "-q", "-a", "-m", "Change it");
    Git.run(folder, "reset", "-q", "--soft", first.hex());

    assertThatThrownBy(() -> clone(Optional.empty())).hasMessageContaining("staged changes");
  }

  @Test
  void a_clone_that_borrows_its_commit_from_another_one_is_refused_with_advice() throws Exception {
    makeClone();
    Git.run(tmp, "clone", "-q", "-s", "folder", "borrower");

    assertThatThrownBy(() ->
            new GitCloneReader(tmp.resolve("borrower"), REPO, Optional.empty(), TestRepos.budget()))
        .hasMessageContaining("git repack -a -d");
    Git.run(tmp.resolve("borrower"), "repack", "-q", "-a", "-d");
    assertThat(
            new GitCloneReader(tmp.resolve("borrower"), REPO, Optional.empty(), TestRepos.budget())
                .repos())
        .containsExactly(REPO);
  }

  @Test
  void a_folder_that_is_no_clone_or_has_a_damaged_index_is_refused() throws Exception {
    assertThatThrownBy(() -> clone(Optional.empty())).hasMessageContaining("not a git clone");
    makeClone();
    Path index = folder.resolve(".git/index");
    byte[] bytes = Files.readAllBytes(index);
    for (int length = 0; length < bytes.length; length += 37) {
      Files.write(index, java.util.Arrays.copyOf(bytes, length));
      assertThatThrownBy(() -> clone(Optional.empty()))
          .as("%d bytes", length)
          .isInstanceOf(IOException.class);
    }
  }
}
