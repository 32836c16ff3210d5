package io.intrahub.cli;

import io.intrahub.cachefolder.CacheView;
import io.intrahub.hub.RepoId;
import io.intrahub.mirror.OpenRepos;
import io.intrahub.store.RepoStore.ObservedRevision;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the folder that is shared with clients current: it shows the repos that everybody may read,
 * and asks the Hub about those once an hour. Each run does it once; runs that begin meanwhile do
 * nothing.
 */
final class SharedView implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(SharedView.class);

  /** After this time the Hub is asked again who may read a repo, and where a branch is. */
  private static final Duration ASK_AFTER = Duration.ofHours(1);

  /** Of each run, so that thousands of repos leave the Hub's rate limit to clients. */
  private static final int QUESTIONS = 20;

  private final CacheView view;
  private final OpenRepos open;
  private final Clock clock;
  private final AtomicBoolean busy = new AtomicBoolean();

  /** Where the questions of the next run begin. Used by the one run that is busy. */
  private int next;

  SharedView(CacheView view, OpenRepos open, Clock clock) {
    this.view = view;
    this.open = open;
    this.clock = clock;
  }

  @Override
  public void run() {
    if (!busy.compareAndSet(false, true)) {
      return;
    }
    try {
      refresh();
    } catch (IOException e) {
      log.warn("The folder that is shared with clients can't be kept current: {}", e.toString());
    } finally {
      busy.set(false);
    }
  }

  private void refresh() throws IOException {
    // First, because a repo that is closed now must not wait for the others.
    List<RepoId> shown = new ArrayList<>();
    for (RepoId repo : view.shown()) {
      if (open.isOpen(repo)) {
        shown.add(repo);
      } else {
        hide(repo);
      }
    }
    ask(shown);
    for (RepoId repo : view.stored()) {
      if (Thread.currentThread().isInterrupted()) {
        return;
      }
      if (open.isOpen(repo)) {
        show(repo);
      } else {
        hide(repo);
      }
    }
    view.deleteHidden();
  }

  private void ask(List<RepoId> repos) throws IOException {
    if (!open.mayAsk()) {
      return;
    }
    Instant old = clock.instant().minus(ASK_AFTER);
    int questions = 0;
    // Each run goes on behind the one before, so that repos without an answer keep none back.
    Collections.rotate(repos, repos.isEmpty() ? 0 : -(next % repos.size()));
    for (RepoId repo : repos) {
      if (questions == QUESTIONS) {
        return;
      }
      next++;
      for (ObservedRevision seen : view.revisions(repo)) {
        if (questions < QUESTIONS && seen.commit().learnedAt().isBefore(old)) {
          questions++;
          open.ask(repo, seen.revision());
        }
      }
    }
  }

  private void show(RepoId repo) {
    try {
      view.show(repo);
    } catch (IOException e) {
      log.warn("{} can't be brought up to date in the shared folder: {}", repo, e.toString());
    }
  }

  private void hide(RepoId repo) {
    try {
      view.hide(repo);
    } catch (IOException e) {
      log.error(
          "{} is not open to everybody, but could not be removed from the shared folder: {}",
          repo,
          e.toString());
    }
  }
}
