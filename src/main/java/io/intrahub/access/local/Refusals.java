package io.intrahub.access.local;

import io.intrahub.hub.RepoId;
import java.util.stream.Collectors;

/** The texts of refusals: one line of ASCII each, for the person who runs the client. */
enum Refusals {
  /** There are rules. */
  BY_RULES {
    @Override
    String why(String kind, int rule) {
      return "rule "
          + rule
          + " of this mirror (access.rules) does not allow "
          + kind
          + " repositories";
    }
  },
  /** The mode would allow rules, but there are none. */
  WITHOUT_RULES {
    @Override
    String why(String kind, int rule) {
      return "this mirror has no rule (access.rules) that allows " + kind + " repositories";
    }
  },
  /** The mode allows public repos only. */
  PUBLIC_ONLY {
    @Override
    String why(String kind, int rule) {
      return "this mirror serves public repositories only (access.mode: public-only)";
    }
  },
  /** The mode would pass tokens on, but no endpoint receives any. */
  NO_UPSTREAM_TOKENS {
    @Override
    String why(String kind, int rule) {
      return "this mirror serves public repositories only, because it sends no tokens to its"
          + " upstream (upstream.endpoints: append #send-tokens to the URL of one that may get them)";
    }
  };

  /** Returns why repos of this kind are refused, as the second half of a sentence. */
  abstract String why(String kind, int rule);

  String gated(Requester who, RepoId repo, int rule) {
    return "Access to "
        + repo
        + " is restricted: it is gated, and "
        + why("gated", rule)
        + "."
        + token(who, repo);
  }

  String notFound(Requester who, RepoId repo, int rule) {
    return "Repository not found, or it is private: "
        + why("private", rule)
        + "."
        + token(who, repo);
  }

  String noRule(Requester who, RepoId repo) {
    String holder =
        who.credential() instanceof LocalCredential.Valid(LocalToken token)
            ? "with the local token " + token.name()
            : "without a local token";
    return "No rule of this mirror (access.rules) allows %s for a client at %s %s.%s Ask the operator."
        .formatted(repo, who.client().getHostAddress(), holder, token(who, repo));
  }

  /** Returns what is wrong with the client's token, as a sentence behind others; often empty. */
  private String token(Requester who, RepoId repo) {
    if (this == PUBLIC_ONLY || this == NO_UPSTREAM_TOKENS) {
      return who.credential() instanceof LocalCredential.None ? "" : " It ignores tokens.";
    }
    return switch (who.credential()) {
      case LocalCredential.None _ -> "";
      case LocalCredential.Valid(LocalToken token) ->
          token.covers(repo)
              ? ""
              : " The local token %s is limited to %s.".formatted(token.name(), limits(token));
      case LocalCredential.Expired expired ->
          " The local token %s expired at %s.".formatted(expired.name(), expired.at());
      case LocalCredential.Unknown _ ->
          " The token of the request is not one of this mirror's; it does not pass on tokens of the"
              + " Hub.";
      case LocalCredential.Unavailable _ ->
          " The mirror can't read its list of local tokens; its log says why.";
    };
  }

  private static String limits(LocalToken token) {
    String some =
        token.repos().stream().limit(3).map(Object::toString).collect(Collectors.joining(", "));
    return token.repos().size() > 3 ? some + " and others" : some;
  }
}
