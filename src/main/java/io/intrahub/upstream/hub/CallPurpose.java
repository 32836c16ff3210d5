package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.CallPriority;
import java.util.Optional;

/**
 * Why a call is made. It decides which endpoints may answer, and whether the answer says anything
 * about the health of an endpoint.
 *
 * @param purpose what the answer is for
 * @param repo that is asked about; empty for a call that is passed on
 */
record CallPurpose(Purpose purpose, Optional<RepoId> repo) {
  /** What an answer is for. */
  enum Purpose {
    /**
     * To learn whether everybody may still read a repo. The target depends on the repo alone, so
     * that a client can't choose one that fails. Only authoritative endpoints are asked.
     */
    CONFIRM,
    /** To learn what the mirror keeps. Only authoritative endpoints are asked. */
    LEARN,
    /** To fetch bytes whose digest is known. Any endpoint may deliver them. */
    FETCH,
    /**
     * To be passed on to one client, who chose the target. It says nothing about the health of an
     * endpoint: a client must not be able to make the Hub look as if it were down.
     */
    PASS_ON;

    /** Whether the answer teaches what the mirror keeps, so that it must be the Hub's own word. */
    boolean isToLearn() {
      return this == CONFIRM || this == LEARN;
    }

    /**
     * How much a call for this matters when few more are allowed. What was never granted matters no
     * more than other calls of the client that asks about it.
     */
    CallPriority priority(Caller caller) {
      return this == CONFIRM && HubUpstream.isConfirming(caller)
          ? CallPriority.CONFIRM
          : CallPriority.CLIENT;
    }

    /** Whether this endpoint may answer. */
    boolean mayAsk(Endpoint endpoint) {
      return endpoint.authoritative() || !isToLearn();
    }
  }

  static final CallPurpose PASSED_ON = new CallPurpose(Purpose.PASS_ON, Optional.empty());

  static CallPurpose confirm(RepoId repo) {
    return new CallPurpose(Purpose.CONFIRM, Optional.of(repo));
  }

  static CallPurpose learn(RepoId repo) {
    return new CallPurpose(Purpose.LEARN, Optional.of(repo));
  }

  static CallPurpose fetch(RepoId repo) {
    return new CallPurpose(Purpose.FETCH, Optional.of(repo));
  }

  /** To fetch bytes in a caller's name: only calls without a token count for the mirror's own. */
  static CallPurpose fetch(RepoId repo, Caller caller) {
    return caller.isAnonymous() ? fetch(repo) : PASSED_ON;
  }
}
