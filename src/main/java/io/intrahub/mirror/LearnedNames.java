package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.upstream.UpstreamResult;

/** Learns under which names the Hub knows repos. Holds no state. Safe for use by many threads. */
record LearnedNames(RepoIdentity identity, RepoAliases aliases, RepoQuestions questions) {
  /**
   * Takes under which name the Hub knows a repo. Only repo info hands over what is stored under the
   * other one. While that can't be had, or a part of what is stored could not be copied, the name
   * is not learned: until then, what is stored serves under the other name.
   */
  void learn(RepoId asked, RepoId canonical, Caller as) {
    if (identity.mayTakeOver(asked, canonical)) {
      UpstreamResult<ProbeResult> _ = questions.repoInfo(asked, Revision.DEFAULT, as);
    }
    if (!identity.mayTakeOver(asked, canonical)) {
      aliases.learn(asked, canonical);
    }
  }
}
