package io.intrahub.cli;

import io.intrahub.cachefolder.CacheView;
import io.intrahub.mirror.OpenRepos;
import io.intrahub.store.fs.FsStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/**
 * The folder that a mirror shares with clients. With {@code store.view} it is there from the start;
 * without, the mirror removes an old one, and has one from the time on at which a command asks for
 * it. Safe for use by many threads.
 */
final class ViewKeeper implements Runnable {
  private final FsStore store;
  private final Path data;
  private final OpenRepos open;
  private final Clock clock;
  private final boolean isConfigured;

  /** Guarded by this. */
  private Optional<SharedView> view = Optional.empty();

  private ViewKeeper(FsStore store, Path data, OpenRepos open, Clock clock, boolean isConfigured) {
    this.store = store;
    this.data = data;
    this.open = open;
    this.clock = clock;
    this.isConfigured = isConfigured;
  }

  /**
   * Opens the folder or removes it. To be called before anything is evicted, which must leave the
   * folder too.
   *
   * @param settings which say whether there is one
   * @throws StartException if it can't be written or removed
   */
  static ViewKeeper of(FsStore store, AppSettings settings, OpenRepos open, Clock clock)
      throws StartException {
    ViewKeeper keeper = new ViewKeeper(store, settings.data(), open, clock, settings.view());
    if (settings.view()) {
      var _ = keeper.view();
    } else {
      try {
        CacheView.remove(settings.data());
      } catch (IOException e) {
        throw keeper.unusable("removed", e);
      }
    }
    return keeper;
  }

  /** Where clients find it. */
  Path folder() {
    return CacheView.folder(data);
  }

  /** Whether {@code store.view} says that there is one. */
  boolean isConfigured() {
    return isConfigured;
  }

  private synchronized SharedView view() throws StartException {
    if (view.isEmpty()) {
      try {
        view = Optional.of(new SharedView(CacheView.open(store, data), open, clock));
      } catch (IOException e) {
        throw unusable("written", e);
      }
    }
    return view.get();
  }

  private StartException unusable(String what, IOException why) {
    return new StartException(
        "The cache folder %s, which is shared with clients (store.view), can't be %s: %s."
            .formatted(folder(), what, FileErrors.describe(why)),
        why);
  }

  private synchronized Optional<SharedView> present() {
    return view;
  }

  /** Brings the folder up to date, if there is one. */
  @Override
  public void run() {
    present().ifPresent(SharedView::run);
  }

  /**
   * Brings the folder up to date, creating it if it is not there. From then on {@link #run} does
   * so.
   *
   * @throws StartException if its file system can't have it
   * @throws IOException if the store can't be read, or the folder can't be written
   */
  SharedView.Content update() throws StartException, IOException {
    return view().bringUpToDate();
  }
}
