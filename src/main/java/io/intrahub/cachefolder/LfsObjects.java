package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The LFS objects that git-lfs has downloaded to a clone, by the git blob ids of their pointers. A
 * pointer's text follows from the sha256 and the size of an object, so none has to be read.
 */
final class LfsObjects {
  private static final int GIT_ID = 20;
  private static final int SHA256 = 32;

  /** What an object takes, with the header of its array and its place in the list, in bytes. */
  private static final int WEIGHT = 80;

  private static final int STEP = 1_000;
  private static final Comparator<byte[]> BY_GIT_ID =
      (a, b) -> Arrays.compareUnsigned(a, 0, GIT_ID, b, 0, GIT_ID);

  private final Path folder;

  /** Of each object the git id of its pointer, then its sha256; sorted. */
  private final List<byte[]> objects = new ArrayList<>();

  private LfsObjects(Path folder) {
    this.folder = folder;
  }

  /**
   * An object.
   *
   * @param file where it is
   */
  record LfsObject(Digest.Sha256 sha256, Path file) {}

  /**
   * Lists the objects.
   *
   * @param folder {@code .git/lfs/objects}
   * @param memory grown by what they take
   */
  static LfsObjects list(Path folder, MemoryBudget.Reservation memory, CachedFiles.Skips skips)
      throws IOException {
    LfsObjects found = new LfsObjects(folder);
    FolderFiles.walk(folder, skips, file -> found.add(file, memory));
    found.objects.sort(BY_GIT_ID);
    return found;
  }

  private void add(Path file, MemoryBudget.Reservation memory) throws IOException {
    Optional<Digest> digest = Digest.ofEtag(String.valueOf(file.getFileName()));
    if (digest.isEmpty()
        || !(digest.get() instanceof Digest.Sha256 sha256)
        || !file.equals(place(sha256.hex()))
        || !Files.isRegularFile(file, NOFOLLOW_LINKS)) {
      return;
    }
    if (objects.size() % STEP == 0) {
      memory.grow((long) STEP * WEIGHT);
    }
    byte[] pointer = LfsPointers.text(sha256, Files.size(file));
    byte[] object = Arrays.copyOf(GitObjects.hash("blob", pointer), GIT_ID + SHA256);
    System.arraycopy(HexFormat.of().parseHex(sha256.hex()), 0, object, GIT_ID, SHA256);
    objects.add(object);
  }

  private Path place(String hex) {
    return folder.resolve(hex.substring(0, 2)).resolve(hex.substring(2, 4)).resolve(hex);
  }

  /** The object whose pointer has this git id. */
  Optional<LfsObject> ofPointer(String gitId) {
    byte[] wanted = HexFormat.of().parseHex(gitId);
    int at = Collections.binarySearch(objects, wanted, BY_GIT_ID);
    if (at < 0) {
      return Optional.empty();
    }
    String hex = HexFormat.of().formatHex(objects.get(at), GIT_ID, GIT_ID + SHA256);
    return Optional.of(new LfsObject(new Digest.Sha256(hex), place(hex)));
  }
}
