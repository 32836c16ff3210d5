package io.intrahub.mirror;

import io.intrahub.hub.RepoId;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import java.io.IOException;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands what is stored of a repo over to the name by which the Hub knows it now. The Hub's internal
 * id shows that it is the same repo. Grants stay where they are: under the new name a client reads
 * only what the Hub has confirmed under it, and whoever was granted the old one reads on until the
 * Hub is asked again. So what is stored under the old name stays too, until it is evicted.
 *
 * <p>Holds no state. Methods that write are called while nothing else is written for either name.
 */
record RenamedRepos(RepoStore store, Clock clock) {
  private static final Logger log = LoggerFactory.getLogger(RenamedRepos.class);

  /**
   * Whether what is stored under one name is to be handed over.
   *
   * @param asked the name that the Hub was asked about
   * @param repo the name by which the Hub knows the repo
   * @param id the internal id that it named
   */
  boolean isDue(RepoId asked, RepoId repo, String id) {
    return !asked.equals(repo) && store.internalId(asked).filter(id::equals).isPresent();
  }

  /**
   * Copies what is stored under one name to the other one. If the process ends meanwhile, the next
   * answer of the Hub does it again.
   *
   * @param same whether what is stored under the new name is of this repo; else nothing is stored
   *     there that has an id
   * @return false if a part of it is missing; then it is fetched again
   */
  boolean copy(RepoId from, RepoId to, boolean same) {
    try {
      if (!same) {
        // Until all is there, the next id that the Hub names may be that of another repo.
        store.markImported(to, clock.instant());
      }
      store.copyRepo(from, to);
      return true;
    } catch (IOException e) {
      log.warn(
          "{} is called {} now. Not all that is stored of it could be copied to the new name, so"
              + " the rest is fetched again when it is requested: {}",
          from,
          to,
          e.toString());
      return false;
    }
  }

  /** Notes that all was copied and that the new name has its id. */
  void copied(RepoId from, RepoId to, String id) {
    store.putInternalId(from, new Observation<>(RepoStore.renamed(id), clock.instant()));
    log.info("{} is called {} now: what is stored of it is used under both names", from, to);
  }
}
