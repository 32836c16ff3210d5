package io.intrahub.cli;

import io.intrahub.access.AccessToken;
import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.base.AddressRanges;
import io.intrahub.config.AccessOptions;
import io.intrahub.config.RuleOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * With whose token the mirror asks the Hub, and for whom.
 *
 * @param mode with whose token
 * @param rules who may read what in the other modes than {@link AccessMode#PASSTHROUGH}
 * @param serviceTokenFile the file with the mirror's own token; see {@link ServiceToken}
 * @param serviceToken the mirror's own token, if the configuration has it instead of a file
 * @param grantTtl how long a grant holds after the Hub last confirmed it
 * @param grantGrace the same, while the Hub gives no answer
 */
public record SiteAccess(
    AccessMode mode,
    AccessRules rules,
    Optional<Path> serviceTokenFile,
    Optional<AccessToken> serviceToken,
    Duration grantTtl,
    Duration grantGrace) {
  /**
   * Builds the settings from the options, which were checked.
   *
   * @param canSendTokens whether an endpoint of upstream receives tokens. If none does, the Hub
   *     cannot be asked in the name of a client, so only public repos are served.
   */
  static SiteAccess of(AccessOptions options, boolean canSendTokens) {
    AccessMode mode =
        switch (options.mode()) {
          case PASSTHROUGH -> canSendTokens ? AccessMode.PASSTHROUGH : AccessMode.PUBLIC_ONLY;
          case SERVICE -> AccessMode.SERVICE;
          case PUBLIC_ONLY -> AccessMode.PUBLIC_ONLY;
        };
    return new SiteAccess(
        mode,
        mode == AccessMode.PUBLIC_ONLY
            ? publicOnly(options)
            : AccessRules.of(options.rules().stream().map(SiteAccess::rule).toList()),
        options.serviceTokenFile(),
        options.serviceToken().flatMap(secret -> AccessToken.of(secret.reveal())),
        options.grantTtl(),
        options.grantGrace());
  }

  private static AccessRules publicOnly(AccessOptions options) {
    return options.mode() == AccessOptions.Mode.PUBLIC_ONLY
        ? AccessRules.publicOnly()
        : AccessRules.withoutUpstreamTokens();
  }

  private static AccessRule rule(RuleOptions rule) {
    return new AccessRule(
        Optional.of(rule.clients()).filter(c -> !c.isEmpty()).map(AddressRanges::of),
        rule.tokens(),
        rule.repos(),
        rule.allowsGated(),
        rule.allowsPrivate());
  }
}
