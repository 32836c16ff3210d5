package io.intrahub.cachefolder;

import static io.intrahub.cachefolder.StoredRepo.CLOCK;
import static io.intrahub.cachefolder.StoredRepo.FIRST;
import static io.intrahub.cachefolder.StoredRepo.REPO;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.Digest;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What may happen to the folder that is shared while it is being swept. */
@Timeout(60)
class ViewFolderTest {
  private static final String WEIGHTS = "model.safetensors";

  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private final Map<String, byte[]> files = StoredRepo.files();
  private ViewFolder folder;

  @BeforeEach
  void show() throws Exception {
    Path data = tmp.resolve("data");
    StoredRepo.put(data, FIRST, files, Set.of());
    try (FsStore store = FsStore.open(data, CLOCK, DiskBudgetSettings.DEFAULT, Runnable::run)) {
      CacheView.open(store, data).show(REPO);
    }
    folder = ViewFolder.open(data, new JdkFolderWriter());
  }

  private Digest digest(String path) {
    return StoredRepo.blob(path, files.get(path)).digest();
  }

  /** The store removes a blob, and waits until that has left the folder. */
  @Test
  void a_blob_leaves_while_its_repo_is_swept() throws Exception {
    List<Boolean> left = new ArrayList<>();

    folder.sweep(
        REPO,
        Set.of(FIRST),
        (digest, file) -> {
          if (left.isEmpty()) {
            Thread store = Thread.ofVirtual().start(this::withdrawWeights);
            try {
              left.add(store.join(Duration.ofSeconds(10)));
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }
          return true;
        });

    assertThat(left).containsExactly(true);
    assertThat(folder.layout().snapshot(REPO, FIRST)).doesNotExist();
    assertThat(folder.layout().blob(REPO, digest(WEIGHTS))).doesNotExist();
    assertThat(folder.layout().repo(REPO)).as("nothing of it is shown").doesNotExist();
  }

  @Test
  void what_a_blob_leaves_behind_after_it_was_looked_for_is_swept_the_next_time() throws Exception {
    folder.sweep(REPO, Set.of(FIRST), (digest, file) -> true);
    assertThat(folder.isSwept(REPO)).isTrue();

    withdrawWeights();

    assertThat(folder.isSwept(REPO)).isFalse();
    folder.sweep(REPO, Set.of(), (digest, file) -> true);
    assertThat(folder.isSwept(REPO)).isTrue();
    assertThat(folder.layout().repo(REPO)).doesNotExist();
  }

  private void withdrawWeights() {
    try {
      folder.withdraw(REPO, digest(WEIGHTS));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
