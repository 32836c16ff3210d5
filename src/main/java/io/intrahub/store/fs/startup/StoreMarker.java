package io.intrahub.store.fs.startup;

import io.intrahub.store.StoreException;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.FileIo;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The file that says that a folder is a store and in which layout. A folder with other things in it
 * and without this file is never touched: it may be an unmounted disk's mount point or somebody's
 * home.
 *
 * @param id random hexadecimal digits, made once
 */
public record StoreMarker(String id) {
  private static final String TITLE = "intrahub store";

  /** What may lie in a folder that is as good as empty: what a first start left when it died. */
  private static final List<String> HARMLESS = List.of("lost+found", "lock", "STORE-ID.new");

  /**
   * Reads the marker.
   *
   * @return empty when the folder is new: nothing in it that is not ours
   * @throws StoreException when the folder must not be touched
   */
  public static Optional<StoreMarker> read(Disk disk, StoreLayout layout)
      throws StoreException, IOException {
    if (disk.attributes(layout.marker()).isEmpty()) {
      for (Path path : disk.list(layout.root())) {
        if (!HARMLESS.contains(String.valueOf(path.getFileName()))) {
          throw new StoreException(
              layout.root(),
              "contains other files ("
                  + path.getFileName()
                  + ") and no STORE-ID: choose an empty folder, or mount the disk that holds the"
                  + " store");
        }
      }
      return Optional.empty();
    }
    String text;
    try (Disk.File file = disk.open(layout.marker())) {
      int length = (int) Math.min(file.size(), 4096);
      text = new String(FileIo.readFully(file, 0, length).array(), StandardCharsets.US_ASCII);
    }
    return Optional.of(parse(layout, text.lines().toList()));
  }

  private static StoreMarker parse(StoreLayout layout, List<String> lines) throws StoreException {
    if (lines.size() < 3
        || !lines.get(0).equals(TITLE)
        || !lines.get(1).matches("layout [0-9]{1,9}")
        || !lines.get(2).matches("id [0-9a-f]{32}")) {
      throw new StoreException(
          layout.root(), "has a damaged STORE-ID: restore that file, or choose an empty folder");
    }
    int version = Integer.parseInt(lines.get(1).substring("layout ".length()));
    if (version > StoreLayout.VERSION) {
      throw new StoreException(
          layout.root(),
          "was written by a newer intrahub (layout %d, this version knows %d): use that version, or another folder"
              .formatted(version, StoreLayout.VERSION));
    }
    return new StoreMarker(lines.get(2).substring("id ".length()));
  }

  /** Makes the folder a store. */
  public static StoreMarker create(Disk disk, StoreLayout layout, RandomGenerator random)
      throws IOException {
    byte[] id = new byte[16];
    random.nextBytes(id);
    StoreMarker marker = new StoreMarker(HexFormat.of().formatHex(id));
    String text = TITLE + "\nlayout " + StoreLayout.VERSION + "\nid " + marker.id() + "\n";
    Path temporary = layout.newMarker();
    if (disk.attributes(temporary).isPresent()) {
      disk.delete(temporary);
    }
    FileIo.create(disk, temporary, text.getBytes(StandardCharsets.US_ASCII));
    disk.rename(temporary, layout.marker());
    disk.forceFolder(layout.root());
    return marker;
  }
}
