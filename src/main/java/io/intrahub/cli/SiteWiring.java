package io.intrahub.cli;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Callers;
import io.intrahub.access.Fingerprints;
import io.intrahub.access.ReadPolicy;
import io.intrahub.access.SitePolicy;
import io.intrahub.access.local.AccessMode;
import io.intrahub.store.fs.tokens.WatchedTokens;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Who clients are and whose right to read counts for them, as {@code access.mode} says.
 *
 * @param callers tells in whose name a request is made
 * @param policy tells in whose name the Hub is asked, and what is refused
 */
record SiteWiring(Callers callers, ReadPolicy policy) {
  /**
   * Makes the parts for these settings.
   *
   * @param data the folder of the store, which has the local tokens
   * @throws StartException if the mirror's own token can't be read
   */
  static SiteWiring of(SiteAccess site, Path data, Fingerprints fingerprints, Clock clock)
      throws StartException {
    return site.mode() == AccessMode.PASSTHROUGH
        ? new SiteWiring(Callers.ofHub(fingerprints), ReadPolicy.PASSTHROUGH)
        : new SiteWiring(
            Callers.ofSite(WatchedTokens.in(data, clock)),
            new SitePolicy(site.rules(), token(site, clock), fingerprints));
  }

  private static Supplier<Optional<AccessToken>> token(SiteAccess site, Clock clock)
      throws StartException {
    if (site.mode() == AccessMode.PUBLIC_ONLY) {
      return Optional::empty;
    }
    if (site.serviceTokenFile().isPresent()) {
      return ServiceToken.read(site.serviceTokenFile().get(), clock);
    }
    return site::serviceToken;
  }
}
