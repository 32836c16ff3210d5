package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadPolicy;
import io.intrahub.access.ReadScope;
import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.RepoVisibility;
import io.intrahub.access.local.Requester;
import io.intrahub.base.Deadline;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.RepoStore;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Tells which repos everybody may read: whoever they are, from wherever they ask, without a token.
 * For what is handed out where no client is asked who it is. When in doubt, a repo is not open.
 * Safe for use by many threads.
 */
public final class OpenRepos {
  private final AccessChecker checker;
  private final ReadPolicy policy;
  private final RepoStore store;
  private final RevisionResolver revisions;
  private final Supplier<UpstreamState> upstream;
  private final Duration timeout;
  private final Caller everybody;

  OpenRepos(
      AccessChecker checker,
      ReadPolicy policy,
      RepoStore store,
      RevisionResolver revisions,
      Supplier<UpstreamState> upstream,
      Duration timeout) {
    this.checker = checker;
    this.policy = policy;
    this.store = store;
    this.revisions = revisions;
    this.upstream = upstream;
    this.timeout = timeout;
    this.everybody = everybody(policy);
  }

  /** The mirror itself as a client without a token, who may read what every client may. */
  static Caller everybody(ReadPolicy policy) {
    // No rule about a network matches this address.
    return policy.hasRules()
        ? Caller.known(
            "", new Requester(InetAddress.ofLiteral("0.0.0.0"), new LocalCredential.None()))
        : Caller.ANONYMOUS;
  }

  /**
   * Returns whether everybody may read a repo, by what the Hub said last, for as long as that
   * counts during an outage, and by the rules of the operator. Makes no call.
   *
   * @param repo under the id by which it is kept
   */
  public boolean isOpen(RepoId repo) {
    if (store.tombstones().containsKey(repo)) {
      return false;
    }
    Authority reader = policy.reader(everybody, repo).orElse(everybody).authority();
    if (policy.hasRules() && !mayAsk()) {
      return policy.opensToEverybody(repo, checker.visibilityOfStored(repo, reader));
    }
    RepoVisibility visibility = checker.visibility(repo, reader);
    Authority granted = visibility == RepoVisibility.PUBLIC ? new Authority.Anonymous() : reader;
    return checker.isKnown(new Grant(repo, granted, ReadScope.CONTENT))
        && policy.opensToEverybody(repo, visibility);
  }

  /** Returns whether there is a Hub to ask, be it out of reach. */
  public boolean mayAsk() {
    return upstream.get() != UpstreamState.OFFLINE;
  }

  /**
   * Asks the Hub, as a client without a token would, who may read a repo and which commit a
   * revision is; the answer counts for {@link #isOpen} and for clients. Waits for it, but not for
   * long.
   */
  public void ask(RepoId repo, Revision revision) {
    try (ClientRequest client = ClientRequest.of(everybody, List.of())) {
      RevisionRequest request = new RevisionRequest(repo, revision, client);
      // What it says is stored, and read from there.
      var _ =
          revisions.resolve(
              request, ReadScope.CONTENT, revisions.byRepoInfo(request), Deadline.in(timeout));
    }
  }
}
