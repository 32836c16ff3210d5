package io.intrahub.access;

import io.intrahub.access.local.AccessDecision;
import io.intrahub.access.local.RepoVisibility;
import io.intrahub.hub.RepoId;
import java.util.Optional;

/**
 * Whose right to read counts for a client, and what the operator's rules add to it. Safe for use by
 * many threads.
 */
public interface ReadPolicy {
  /** The client's own token counts, and the operator adds no rule. */
  ReadPolicy PASSTHROUGH =
      new ReadPolicy() {
        @Override
        public Optional<Caller> reader(Caller client, RepoId repo) {
          return client.isAnonymous() ? Optional.empty() : Optional.of(client);
        }

        @Override
        public Optional<AccessDecision.Refused> refusal(
            Caller client, RepoId repo, RepoVisibility visibility) {
          return Optional.empty();
        }

        @Override
        public boolean opensToEverybody(RepoId repo, RepoVisibility visibility) {
          return visibility == RepoVisibility.PUBLIC;
        }

        @Override
        public boolean hasRules() {
          return false;
        }

        @Override
        public String notFound(Caller client, RepoId repo) {
          throw new IllegalStateException("there are no rules");
        }
      };

  /**
   * Returns in whose name this client reads a repo that not everybody may read: it has a token.
   *
   * @return empty if this client can't read such a repo
   */
  Optional<Caller> reader(Caller client, RepoId repo);

  /**
   * Returns why the operator's rules refuse a repo to this client.
   *
   * @param visibility of the repo at the Hub; {@link RepoVisibility#PUBLIC} if that is not known,
   *     for what the rules say about the repo whatever it is
   */
  Optional<AccessDecision.Refused> refusal(Caller client, RepoId repo, RepoVisibility visibility);

  /**
   * Returns whether any client may read a repo, whatever its token and its address.
   *
   * @param visibility of the repo at the Hub
   */
  boolean opensToEverybody(RepoId repo, RepoVisibility visibility);

  /**
   * Returns whether the operator's rules decide, and not the client's own token. They decide alone
   * about what is stored if there is no Hub to ask.
   */
  boolean hasRules();

  /**
   * Returns what a client is told of a repo that does not exist: the same as of one that is private
   * and refused.
   */
  String notFound(Caller client, RepoId repo);
}
