package io.intrahub.devhub;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * One commit and everything in it. Immutable.
 *
 * @param sha the id that git would give it
 * @param parent the commit before it on its branch, if any
 * @param title first line of the message
 * @param body the rest of the message, or empty
 * @param date {@code YYYY-MM-DDTHH:MM:SS.mmmZ}
 * @param files every file by path
 * @param entries files and folders by path
 * @param children what a folder holds, in git's order; the root is the empty path
 */
record Commit(
    String sha,
    Optional<Commit> parent,
    String title,
    String body,
    String date,
    SortedMap<String, DevFile> files,
    Map<String, DevEntry> entries,
    Map<String, List<DevEntry>> children) {

  /** This commit and those before it, newest first. */
  List<Commit> history() {
    List<Commit> all = new ArrayList<>();
    for (Optional<Commit> at = Optional.of(this); at.isPresent(); at = at.get().parent) {
      all.add(at.get());
    }
    return all;
  }

  /**
   * Entries of a folder, folders before what they hold.
   *
   * @return empty if there is no such folder
   */
  Optional<List<DevEntry>> list(String folder, boolean recursive) {
    List<DevEntry> direct = children.get(folder);
    if (direct == null) {
      return Optional.empty();
    }
    if (!recursive) {
      return Optional.of(direct);
    }
    List<DevEntry> all = new ArrayList<>();
    collect(direct, all);
    return Optional.of(all);
  }

  private void collect(List<DevEntry> from, List<DevEntry> into) {
    for (DevEntry entry : from) {
      into.add(entry);
      if (entry instanceof DevEntry.Folder folder) {
        collect(children.getOrDefault(folder.path(), List.of()), into);
      }
    }
  }
}
