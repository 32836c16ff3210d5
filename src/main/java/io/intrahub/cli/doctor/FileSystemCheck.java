package io.intrahub.cli.doctor;

import io.intrahub.store.fs.disk.Reflinks;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What the file system of the store is, and whether it can do what the store needs. */
public final class FileSystemCheck implements Check {
  private static final Set<String> OF_A_NETWORK =
      Set.of(
          "nfs",
          "nfs4",
          "cifs",
          "smb3",
          "smbfs",
          "9p",
          "afs",
          "ceph",
          "glusterfs",
          "lustre",
          "gpfs",
          "beegfs",
          "ocfs2",
          "webdav");

  /** Longest name that Linux file systems have in common, in bytes. */
  private static final int LONG_NAME = 255;

  private final Path data;

  public FileSystemCheck(Path data) {
    this.data = data;
  }

  private interface Trial {
    boolean succeeds() throws IOException;
  }

  @Override
  public String name() {
    return "file system";
  }

  @Override
  public List<String> needs() {
    return List.of(DataFolderCheck.NAME);
  }

  @Override
  public String adviceWhenLate() {
    return "The file system of " + data + " hangs.";
  }

  @Override
  public Finding run() {
    try (TrialFolder trial = TrialFolder.in(data)) {
      return look(trial);
    } catch (IOException e) {
      return Finding.failed("no file can be written: " + e, "Put the store on another disk.");
    }
  }

  private static Finding look(TrialFolder trial) throws IOException {
    FileStore store = Files.getFileStore(trial.path());
    Path file = Files.writeString(trial.resolve("file"), "new");
    List<String> fatal = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    tried(fatal, "renames over a file in one step", () -> replaces(trial, file));
    tried(fatal, "names of 255 characters", () -> isThere(trial.resolve("n".repeat(LONG_NAME))));
    tried(missing, "names that differ in case only", () -> !Files.exists(trial.resolve("FILE")));
    tried(
        missing,
        "hard links",
        () -> {
          Files.createLink(trial.resolve("link"), file);
          return true;
        });
    String type = store.type();
    String summary =
        "%s, %s reflinks".formatted(type, Reflinks.arePossible(trial.path()) ? "with" : "without");
    if (!fatal.isEmpty()) {
      return Finding.failed(
          summary + ", without " + String.join(", ", fatal),
          "Put the store (--data) on a local file system of this machine: ext4, xfs or btrfs.");
    }
    if (isOfNetwork(type)) {
      return Finding.warning(
          summary + ", over a network",
          "A local disk is faster, and a server that fails stops the mirror. Only one mirror may"
              + " use the folder, and locks must work on it.");
    }
    return missing.isEmpty()
        ? Finding.ok(summary)
        : Finding.warning(
            summary + ", without " + String.join(", ", missing),
            "The store works, but Linux file systems (ext4, xfs, btrfs) are what it is tested on.");
  }

  private static void tried(List<String> missing, String feature, Trial trial) {
    try {
      if (trial.succeeds()) {
        return;
      }
    } catch (IOException | UnsupportedOperationException _) {
      // As below: which error it is depends on the file system.
    }
    missing.add(feature);
  }

  private static boolean replaces(TrialFolder trial, Path file) throws IOException {
    Path old = Files.writeString(trial.resolve("old"), "old");
    Path next = Files.copy(file, trial.resolve("next"));
    Files.move(next, old, StandardCopyOption.ATOMIC_MOVE);
    return Files.readString(old).equals("new");
  }

  private static boolean isThere(Path file) throws IOException {
    return Files.exists(Files.createFile(file));
  }

  static boolean isOfNetwork(String type) {
    String lower = type.toLowerCase(Locale.ROOT);
    return OF_A_NETWORK.contains(lower) || lower.startsWith("fuse.");
  }
}
