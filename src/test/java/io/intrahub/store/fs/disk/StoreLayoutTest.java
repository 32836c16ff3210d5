package io.intrahub.store.fs.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StoreLayoutTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final CommitHash COMMIT = new CommitHash("c".repeat(40));
  private final StoreLayout layout = new StoreLayout(Path.of("/data"));

  @Test
  void paths_are_those_that_the_documentation_names() {
    String hex = "ab" + "0".repeat(62);
    StoreLayout.PartialPaths shared = layout.partial(Optional.empty(), new BlobId(new Digest.Sha256(hex), 7));
    assertThat(shared.blob()).isEqualTo(Path.of("/data/blobs/sha256/ab/" + hex));
    assertThat(shared.data()).isEqualTo(Path.of("/data/partial/sha256-" + hex + "-7/data"));
    String oid = "1".repeat(40);
    StoreLayout.PartialPaths git = layout.partial(Optional.of(REPO), new BlobId(new Digest.GitSha1(oid), 0));
    assertThat(git.blob()).isEqualTo(Path.of("/data/repos/models--acme--tiny/blobs/" + oid));
    assertThat(git.data())
        .isEqualTo(Path.of("/data/repos/models--acme--tiny/partial/sha1-" + oid + "-0"));
    StoreLayout.PartialPaths own =
        layout.partial(Optional.of(REPO), new BlobId(new Digest.Sha256("ab".repeat(32)), 7));
    assertThat(own.blob()).isEqualTo(Path.of("/data/repos/models--acme--tiny/blobs/" + "ab".repeat(32)));
    assertThat(own.data())
        .isEqualTo(Path.of("/data/repos/models--acme--tiny/partial/sha256-" + "ab".repeat(32) + "-7"));
    assertThat(layout.partial(own.key())).contains(own);
    assertThat(layout.ref(REPO, Revision.DEFAULT))
        .isEqualTo(Path.of("/data/repos/models--acme--tiny/refs/@default"));
    assertThat(layout.ref(REPO, new Revision("refs/pr/1")))
        .isEqualTo(Path.of("/data/repos/models--acme--tiny/refs/refs%2Fpr%2F1"));
    assertThat(layout.manifest(REPO, COMMIT))
        .isEqualTo(Path.of("/data/repos/models--acme--tiny/commits/" + COMMIT + "/manifest"));
    assertThat(layout.alias(new RepoId(RepoType.DATASET, "squad")))
        .isEqualTo(Path.of("/data/aliases/datasets--squad"));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void any_text_is_one_short_name_inside_its_folder(long seed) {
    Random random = new Random(seed);
    Set<String> texts = new HashSet<>(List.of("", ".", "..", "/", "\0", "../x", "@default"));
    while (texts.size() < 3000) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(random.nextInt(10) == 0 ? 300 : 8); i > 0; i--) {
        text.append("./\\\0aA%@é\n分".charAt(random.nextInt(11)));
      }
      texts.add(text.toString());
    }
    Set<Path> paths = new HashSet<>();
    for (String text : texts) {
      Path path = layout.answer(REPO, COMMIT, text);
      assertThat(path.normalize()).as("seed %d", seed).isEqualTo(path);
      assertThat(path.getParent()).isEqualTo(layout.manifest(REPO, COMMIT).getParent());
      assertThat(path.getFileName().toString()).matches("answer-[\\x21-\\x7e]{0,200}");
      paths.add(path);
    }
    assertThat(paths).hasSameSizeAs(texts);
  }

  @Test
  void a_repo_is_found_again_by_the_name_of_its_folder() {
    for (RepoId repo :
        List.of(
            REPO,
            new RepoId(RepoType.DATASET, "squad"),
            new RepoId(RepoType.SPACE, "a-b/c_d.e-f"))) {
      assertThat(StoreLayout.repoOf(repo.folderName())).hasValue(repo);
    }
    for (String other :
        List.of("", "models", "models--", "lost+found", "models--a--b--c", "x--y")) {
      assertThat(StoreLayout.repoOf(other)).as(other).isEmpty();
    }
  }

  @Test
  void keys_of_different_blobs_differ() {
    Set<BlobKey> keys = new HashSet<>();
    for (int i = 0; i < 64; i++) {
      char[] hex = "0".repeat(64).toCharArray();
      hex[i] = '1';
      Digest.Sha256 sha256 = new Digest.Sha256(new String(hex));
      keys.add(layout.paths(Optional.empty(), sha256).key());
      hex[63] = 'e';
      Digest.Sha256 own = new Digest.Sha256(new String(hex));
      keys.add(layout.paths(Optional.of(REPO), own).key());
      if (i < 40) {
        String oid = new String(hex, 0, 40);
        keys.add(layout.paths(Optional.of(REPO), new Digest.GitSha1(oid)).key());
        keys.add(
            layout
                .paths(Optional.of(new RepoId(RepoType.MODEL, "acme/x")), new Digest.GitSha1(oid))
                .key());
      }
    }
    assertThat(keys).hasSize(64 + 64 + 40 + 40);
  }
}
