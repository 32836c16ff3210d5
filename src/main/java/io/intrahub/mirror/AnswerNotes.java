package io.intrahub.mirror;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.mirror.RevisionStates.RevisionKey;
import java.time.Instant;

/** What is noted of upstream's answers about revisions. Safe for use by many threads. */
record AnswerNotes(RevisionStates states) {
  /** Notes whether upstream answered a question about the revision. */
  void answered(RepoId repo, Revision revision, boolean answered) {
    if (isAnswered(repo, revision) != answered) {
      states.change(new RevisionKey(repo, revision), state -> state.withAnswered(answered));
    }
  }

  /** Whether upstream answered the last question about the revision, as far as is known. */
  boolean isAnswered(RepoId repo, Revision revision) {
    return states.get(new RevisionKey(repo, revision)).answered();
  }

  /** Notes when the question began whose answer the store has just got. */
  void learned(RepoId repo, Revision revision, Instant asked) {
    states.change(new RevisionKey(repo, revision), state -> state.withLearnedAt(asked));
  }

  /**
   * When the last question about the revision began whose answer the store got, as far as is known.
   * Does not block.
   */
  Instant learnedAt(RepoId repo, Revision revision) {
    return states.get(new RevisionKey(repo, revision)).learnedAt();
  }
}
