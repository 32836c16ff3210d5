package io.intrahub.cachefolder;

import io.intrahub.hub.FilePath;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the folders that the paths of files lead through. A folder may be found more than once if
 * the paths are not sorted. For one thread.
 */
final class ParentFolders {
  private String last = "";

  /** The folders of a file, the outermost first, without those of the file before it. */
  List<FilePath> ofNext(FilePath file) {
    String path = file.value();
    List<FilePath> found = new ArrayList<>();
    for (int end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      if (!last.startsWith(path.substring(0, end + 1))) {
        found.add(new FilePath(path.substring(0, end)));
      }
    }
    last = path;
    return found;
  }
}
