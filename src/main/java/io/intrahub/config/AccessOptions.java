package io.intrahub.config;

import static io.intrahub.config.ValueType.CHOICE;
import static io.intrahub.config.ValueType.DURATION;
import static io.intrahub.config.ValueType.FILE;
import static io.intrahub.config.ValueType.RULE;
import static io.intrahub.config.ValueType.SECRET;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Who may read which repos, and how long the Hub's word on it holds. */
public record AccessOptions(
    @Setting(
            type = CHOICE,
            byDefault = "passthrough",
            doc =
                "Whose token is used at the Hub. `passthrough`: each client's own. `service`: the"
                    + " mirror's own token, for the clients that `access.rules` admit; tokens of clients"
                    + " are never sent to the Hub. `public-only`: none; private and gated repos are"
                    + " refused.")
        Mode mode,
    @Setting(
            type = FILE,
            byDefault = "",
            doc =
                "A file that contains only the mirror's own token for the Hub, for mode `service`. It"
                    + " is read again when it changes.")
        Optional<Path> serviceTokenFile,
    @Setting(
            type = SECRET,
            byDefault = "",
            doc =
                "The mirror's own token itself, as an alternative to `access.service-token-file`."
                    + " Meant for the environment variable, because a configuration file is seldom kept"
                    + " secret.")
        Optional<Secret> serviceToken,
    @Setting(
            type = RULE,
            byDefault = "",
            doc =
                "Rules that say which clients may read which repos in mode `service`; the first match"
                    + " wins. Without rules, everybody may read public repos and nothing else. The"
                    + " section \"Rules of access\" of docs/configuration.md explains them.")
        List<RuleOptions> rules,
    @Setting(
            type = DURATION,
            byDefault = "10m",
            doc =
                "How long a repo is considered public after the Hub said so. The mirror renews this"
                    + " for repos in use before it expires.")
        Duration publicTtl,
    @Setting(
            type = DURATION,
            byDefault = "7d",
            doc =
                "How long a repo is considered public while the Hub cannot be reached or does not"
                    + " answer.")
        Duration publicTtlDuringOutage,
    @Setting(
            type = DURATION,
            byDefault = "5m",
            doc =
                "How long a token may read a private or gated repo after the Hub said so. The mirror"
                    + " renews this for repos in use before it expires.")
        Duration grantTtl,
    @Setting(
            type = DURATION,
            byDefault = "10m",
            doc =
                "How long after `access.grant-ttl` a token may still read a private or gated repo"
                    + " while the Hub is asked in the background. The answer counts at once, so a user"
                    + " who lost access is refused after the first use in this time. Ends with"
                    + " `access.grant-grace` at the latest. `0s`: the mirror asks before it serves.")
        Duration grantRevalidate,
    @Setting(
            type = DURATION,
            byDefault = "1h",
            doc =
                "How long a token may read a private or gated repo while the Hub cannot be reached or"
                    + " does not answer, counted from when the Hub last said so.")
        Duration grantGrace,
    @Setting(
            type = CHOICE,
            byDefault = "refuse",
            doc =
                "What becomes of a public repo that the Hub no longer serves, because it was deleted,"
                    + " disabled or made private. `refuse`: nobody reads it any more. `keep`:"
                    + " everybody reads on what is stored of it, labelled as stale, until the Hub"
                    + " lets a token read it: then it was made private. `intrahub status` lists such"
                    + " repos.")
        Removed removed) {
  /** Takes a copy of the list. */
  public AccessOptions {
    rules = List.copyOf(rules);
  }

  /** What becomes of a public repo that the Hub no longer serves. */
  public enum Removed {
    REFUSE,
    KEEP
  }

  /** Whose token is used at the Hub. */
  public enum Mode {
    PASSTHROUGH,
    SERVICE,
    PUBLIC_ONLY
  }
}
