package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Finds the history that clients last saw of a revision. In an outage it stands in for the history
 * of the commit that the revision shows now, if nobody has asked for that one. Safe for use by many
 * threads.
 *
 * @param lists how long after a history was noted it may stand in, as for any other list
 */
record EarlierHistories(
    RepoStore store,
    RepoReplacements replacements,
    KeptHistories histories,
    MirrorSettings.Lists lists) {
  /**
   * The names of first pages. Which commit a revision had is noted when one of these is shown:
   * there are few of them, while clients choose the sizes of other pages freely.
   */
  private static final List<String> FIRST_PAGES =
      List.of("commits", "commits?expand[]=formatted", "commits?expand%5B%5D=formatted");

  /** Answers beside all commits, refs included, beyond which no further revision is noted. */
  private static final int MAX_NOTES = 600;

  /**
   * A history that was shown before.
   *
   * @param commit whose history it is
   * @param page the page that is asked for
   */
  record Found(CommitHash commit, KeptHistories.Learned page) {}

  /**
   * Notes that a page of a commit's history was shown for a revision.
   *
   * @param id the Hub's internal id of the repo when the history was looked for
   */
  void shown(
      Authorised<RepoId> repo,
      Optional<String> id,
      Revision revision,
      CommitHash commit,
      String name,
      Instant now) {
    if (revision.asCommit().isPresent() || !FIRST_PAGES.contains(name)) {
      return;
    }
    Optional<StoredAnswer> noted = note(repo, revision, name);
    boolean isNew =
        noted
            .filter(note ->
                Freshness.isWithin(note.learnedAt(), lists.staleForToken().dividedBy(2), now))
            .flatMap(EarlierHistories::commit)
            .filter(commit::equals)
            .isEmpty();
    boolean hasPlace =
        noted.isPresent() || store.answers(repo.subject(), KeptHistories.NO_COMMIT) < MAX_NOTES;
    if (isNew && hasPlace) {
      byte[] hex = commit.hex().getBytes(StandardCharsets.US_ASCII);
      var _ =
          replacements.write(
              repo.subject(),
              id,
              () -> {
                store.putAnswer(
                    repo.subject(),
                    KeptHistories.NO_COMMIT,
                    noteName(revision, name),
                    new Observation<>(hex, now));
                return true;
              });
    }
  }

  /**
   * The same page of the newest other history that was shown for the revision and is stored. There
   * is none for a client that may have the page before it of the present history: it would take the
   * two for one list.
   */
  Optional<Found> find(ResolvedRevision.At at, Revision revision, String name, Instant now) {
    if (revision.asCommit().isPresent()
        || (KeptHistories.isLater(name)
            && histories.stored(at.repo(), at.commit(), KeptHistories.firstOf(name)).isPresent())) {
      return Optional.empty();
    }
    Duration maxAge = at.reader().isAnonymous() ? lists.staleForAnonymous() : lists.staleForToken();
    return FIRST_PAGES.stream()
        .flatMap(page -> note(at.repo(), revision, page).stream())
        .filter(note -> Freshness.isWithin(note.learnedAt(), maxAge, now))
        .sorted(Comparator.comparing(StoredAnswer::learnedAt).reversed())
        .flatMap(note -> commit(note).stream())
        .filter(commit -> !commit.equals(at.commit()))
        .flatMap(commit ->
            histories.stored(at.repo(), commit, name).map(page -> new Found(commit, page)).stream())
        .findFirst();
  }

  private Optional<StoredAnswer> note(Authorised<RepoId> repo, Revision revision, String page) {
    return store.answer(repo, KeptHistories.NO_COMMIT, noteName(revision, page));
  }

  private static String noteName(Revision revision, String page) {
    return "of " + revision.value() + " " + page;
  }

  private static Optional<CommitHash> commit(StoredAnswer note) {
    return note.small()
        .flatMap(bytes -> CommitHash.parse(new String(bytes, StandardCharsets.US_ASCII)));
  }
}
