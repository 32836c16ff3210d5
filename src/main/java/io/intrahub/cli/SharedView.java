package io.intrahub.cli;

import io.intrahub.cachefolder.CacheView;
import io.intrahub.hub.RepoId;
import io.intrahub.mirror.OpenRepos;
import io.intrahub.store.RepoStore.ObservedRevision;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the folder that is shared with clients current: it shows the repos that everybody may read,
 * and asks the Hub about those once an hour. Each run does it once; runs that begin meanwhile do
 * nothing. Safe for use by many threads.
 */
final class SharedView implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(SharedView.class);

  /** After this time the Hub is asked again who may read a repo, and where a branch is. */
  private static final Duration ASK_AFTER = Duration.ofHours(1);

  /** Of each run, so that thousands of repos leave the Hub's rate limit to clients. */
  private static final int QUESTIONS = 20;

  private static final String NOT_OPEN =
      "as far as the mirror knows, not everybody may read it. Once the Hub has told the mirror that"
          + " a repo is public, it appears: intrahub pull asks";

  private static final String NOT_WHOLE =
      "no branch or tag of it is stored with all its files; intrahub pull fetches the rest";

  private static final String NOT_UPDATED =
      "it could not be brought up to date in the folder; the log says why";

  private static final String NOT_REMOVED =
      "not everybody may read it, but it could not be taken out of the folder; the log says why";

  private final CacheView view;
  private final OpenRepos open;
  private final Clock clock;

  /** Held during a run. */
  private final ReentrantLock busy = new ReentrantLock();

  /** Where the questions of the next run begin. Guarded by the lock. */
  private int next;

  /**
   * What the folder has after a run.
   *
   * @param shown the repos in it
   * @param left the stored repos that are rightly not in it
   * @param failed those that may be in it as they should not, or are missing
   */
  record Content(List<RepoId> shown, List<Note> left, List<Note> failed) {}

  /**
   * A repo, and what there is to say about it.
   *
   * @param why for the operator, without a full stop
   */
  record Note(RepoId repo, String why) {}

  SharedView(CacheView view, OpenRepos open, Clock clock) {
    this.view = view;
    this.open = open;
    this.clock = clock;
  }

  @Override
  public void run() {
    if (!busy.tryLock()) {
      return;
    }
    try {
      var _ = refresh();
    } catch (InterruptedIOException _) {
      // The mirror stops.
    } catch (IOException e) {
      log.warn("The folder that is shared with clients can't be kept current: {}", e.toString());
    } finally {
      busy.unlock();
    }
  }

  /**
   * Does one run that begins now, after the one in progress if there is one.
   *
   * @throws InterruptedIOException if the thread was interrupted
   * @throws IOException if the store can't be read, or the folder can't be written
   */
  Content bringUpToDate() throws IOException {
    try {
      busy.lockInterruptibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw stopped();
    }
    try {
      return refresh();
    } finally {
      busy.unlock();
    }
  }

  private static InterruptedIOException stopped() {
    return new InterruptedIOException("the run was stopped");
  }

  /** An interrupt also has the file system fail, which says nothing about a repo then. */
  private static void requireNotStopped() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw stopped();
    }
  }

  private Content refresh() throws IOException {
    Map<RepoId, String> failed = new LinkedHashMap<>();
    // First, because a repo that is closed now must not wait for the others.
    List<RepoId> shown = new ArrayList<>();
    for (RepoId repo : view.shown()) {
      if (open.isOpen(repo)) {
        shown.add(repo);
      } else if (!hide(repo)) {
        failed.put(repo, NOT_REMOVED);
      }
    }
    ask(shown);
    Map<RepoId, String> left = new LinkedHashMap<>();
    for (RepoId repo : view.stored()) {
      requireNotStopped();
      boolean isOpen = open.isOpen(repo);
      if (isOpen ? show(repo) : hide(repo)) {
        failed.remove(repo);
        left.put(repo, isOpen ? NOT_WHOLE : NOT_OPEN);
      } else {
        failed.put(repo, isOpen ? NOT_UPDATED : NOT_REMOVED);
      }
    }
    view.deleteHidden();
    List<RepoId> now = view.shown();
    now.forEach(left::remove);
    return new Content(now, notes(left), notes(failed));
  }

  private static List<Note> notes(Map<RepoId, String> why) {
    return why.entrySet().stream().map(one -> new Note(one.getKey(), one.getValue())).toList();
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

  private boolean show(RepoId repo) throws InterruptedIOException {
    try {
      view.show(repo);
      return true;
    } catch (IOException e) {
      requireNotStopped();
      log.warn("{} can't be brought up to date in the shared folder: {}", repo, e.toString());
      return false;
    }
  }

  private boolean hide(RepoId repo) throws InterruptedIOException {
    try {
      view.hide(repo);
      return true;
    } catch (IOException e) {
      requireNotStopped();
      log.error(
          "{} is not open to everybody, but could not be removed from the shared folder: {}",
          repo,
          e.toString());
      return false;
    }
  }
}
