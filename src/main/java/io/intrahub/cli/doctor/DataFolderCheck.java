package io.intrahub.cli.doctor;

import io.intrahub.store.StoreException;
import io.intrahub.store.fs.disk.FolderMode;
import io.intrahub.store.fs.disk.JdkDisk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.startup.StoreLock;
import io.intrahub.store.fs.startup.StoreMarker;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Whether the mirror can use the folder of its store: its content, permissions, owner and lock. */
public final class DataFolderCheck implements Check {
  public static final String NAME = "data folder";

  private final Path data;
  private final Optional<String> running;
  private final URI operator;

  /**
   * Touches nothing yet.
   *
   * @param running the id of the store on which a mirror runs; empty if none answers
   * @param operator where it was looked for
   */
  public DataFolderCheck(Path data, Optional<String> running, URI operator) {
    this.data = data.toAbsolutePath().normalize();
    this.running = running;
    this.operator = operator;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String adviceWhenLate() {
    return "The file system of "
        + data
        + " hangs. If it is a network file system, look at its"
        + " server.";
  }

  @Override
  public Finding run() {
    if (Files.exists(data) && !Files.isDirectory(data)) {
      return Finding.failed(data + " is not a folder", "Name another one with --data.");
    }
    boolean there = Files.isDirectory(data);
    Optional<StoreMarker> marker;
    try {
      marker =
          there ? StoreMarker.read(new JdkDisk(data), new StoreLayout(data)) : Optional.empty();
    } catch (StoreException e) {
      return Finding.failed(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return Finding.failed(data + " can't be read: " + e, asOwner());
    }
    boolean foreign;
    try (TrialFolder trial = TrialFolder.in(data)) {
      foreign = there && isPosix() && !Files.getOwner(trial.path()).equals(Files.getOwner(data));
    } catch (IOException e) {
      return Finding.failed(
          "the user %s can't write to %s: %s"
              .formatted(user(), TrialFolder.existing(data), e.getClass().getSimpleName()),
          asOwner());
    }
    if (!there) {
      return Finding.ok(data + " does not exist yet; serve creates it");
    }
    try {
      return known(marker, foreign);
    } catch (IOException e) {
      return Finding.failed(data + ": " + e, asOwner());
    }
  }

  private Finding known(Optional<StoreMarker> marker, boolean foreign) throws IOException {
    if (FolderMode.isOpenToOthers(data)) {
      return Finding.warning(
          data + " is open to all users of this machine",
          "It holds private content. Run: chmod o-rwx " + data);
    }
    if (foreign) {
      return Finding.warning(
          "%s belongs to %s, and doctor runs as %s".formatted(data, Files.getOwner(data), user()),
          "Run doctor and serve as the owner of the folder.");
    }
    if (marker.isEmpty()) {
      return Finding.ok(data + " is empty and writable");
    }
    if (running.equals(marker.map(StoreMarker::id))) {
      return Finding.ok(data + " is the store of the running mirror");
    }
    return StoreLock.isHeld(data)
        ? Finding.warning(
            data + " is in use, and its mirror does not answer at " + operator,
            "Name the operator's listener of that mirror with --admin-host and --admin-port.")
        : Finding.ok(data + " is a store that no mirror uses now");
  }

  private boolean isPosix() {
    return data.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private String asOwner() {
    return "Run the mirror as the owner of the folder, or give the folder to "
        + user()
        + ": chown -R "
        + user()
        + " "
        + data;
  }

  private static String user() {
    return System.getProperty("user.name", "?");
  }
}
