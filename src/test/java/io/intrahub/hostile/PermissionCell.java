package io.intrahub.hostile;

import java.util.EnumSet;
import java.util.Set;

/**
 * One question to the mirror: the dimensions of the permission matrix.
 *
 * @param kind of the repo at first
 * @param state of the mirror and the repo when the question is asked
 */
record PermissionCell(Mode mode, Kind kind, State state, Asker asker, PermissionRoute route) {
  /** How the mirror decides who may read. */
  enum Mode {
    PASSTHROUGH(EnumSet.range(Asker.MAY, Asker.SCOPE_EXCLUDES)),
    SERVICE(EnumSet.range(Asker.MALFORMED_LOCALLY, Asker.HUB_TOKEN)),
    /** As above, and {@code mode: offline} in the states without a Hub. */
    SERVICE_OFFLINE(SERVICE.askers),
    PUBLIC_ONLY(SERVICE.askers);

    private final Set<Asker> askers;

    Mode(Set<Asker> askers) {
      this.askers = askers;
    }

    /** The clients that differ in this mode. */
    Set<Asker> askers() {
      return askers;
    }

    /** Whether the operator's rules decide, and tokens of the Hub count for nothing. */
    boolean hasRules() {
      return this != PASSTHROUGH;
    }
  }

  /** What a client may be told. */
  sealed interface Right {
    /** What the route shows of the repo. */
    record Served() implements Right {}

    /** The Hub's refusal; an empty code for none. */
    record Refused(int status, String code) implements Right {}

    /** 503 or 504: nobody can be asked. */
    record Unavailable() implements Right {}

    Right SERVED = new Served();
    Right UNAVAILABLE = new Unavailable();
    Right DISABLED = new Refused(403, "");
    Right GATED = new Refused(403, "GatedRepo");
    Right HIDDEN = new Refused(404, "RepoNotFound");
  }

  /** Who asks. */
  enum Asker {
    MAY,
    MAY_NOT,
    ANONYMOUS,
    /** With a token that the Hub never knew. */
    UNKNOWN,
    /** As {@link #MAY}, but the Hub no longer knows the token after the change. */
    EXPIRED,
    /** With a header that holds no token. */
    MALFORMED,
    /** Two tokens of one user; the scope of one includes the repo, that of the other does not. */
    SCOPE_INCLUDES,
    SCOPE_EXCLUDES,
    /** As {@link #MALFORMED}, in the modes with rules. */
    MALFORMED_LOCALLY,
    /** With a local token that a rule names for gated and private repos. */
    LOCAL,
    /** With a local token that a rule names, but that is limited to other repos. */
    LOCAL_ELSEWHERE,
    LOCAL_EXPIRED,
    LOCAL_REVOKED,
    /** Without a token, from a network to which a rule opens public repos. */
    NEIGHBOUR,
    /** Without a token, from a network that no rule names. */
    STRANGER,
    /** With a token of the Hub, to which the Hub would show everything. */
    HUB_TOKEN;

    boolean isMalformed() {
      return this == MALFORMED || this == MALFORMED_LOCALLY;
    }
  }

  /** What there is to be seen of a repo. */
  enum Look {
    PUBLIC,
    PRIVATE,
    GATED,
    DISABLED,
    MISSING;

    /** How the Hub refuses it, if it does. */
    Right refusal(boolean anonymous) {
      return switch (this) {
        case DISABLED -> Right.DISABLED;
        case GATED -> anonymous ? new Right.Refused(401, "GatedRepo") : Right.GATED;
        case PUBLIC, PRIVATE, MISSING ->
            anonymous ? new Right.Refused(401, "RepoNotFound") : Right.HIDDEN;
      };
    }
  }

  /** Kinds of repos. */
  enum Kind {
    PUBLIC(Look.PUBLIC),
    PRIVATE(Look.PRIVATE),
    GATED_AUTO(Look.GATED),
    GATED_MANUAL(Look.GATED),
    DISABLED(Look.DISABLED),
    RENAMED(Look.PUBLIC),
    RENAMED_PRIVATE(Look.PRIVATE),
    MISSING(Look.MISSING);

    private final Look look;

    Kind(Look look) {
      this.look = look;
    }

    Look look() {
      return look;
    }

    boolean isRenamed() {
      return this == RENAMED || this == RENAMED_PRIVATE;
    }
  }

  /** What happens to a repo at the Hub. */
  enum Change {
    NONE,
    /** All who may read it may no longer. */
    REVOKE,
    CLOSE,
    GATE,
    OPEN,
    DISABLE,
    DELETE,
    /** Deleted, and made again under the same name by somebody else, who lets others read. */
    RECREATE
  }

  /** What a mirror that holds the repo went through before the question. */
  enum State {
    COLD(Change.NONE),
    WARM(Change.NONE),
    RESTARTED(Change.NONE),
    LAPSED(Change.NONE),
    REVOKED_LATELY(Change.REVOKE),
    REVOKED(Change.REVOKE),
    CLOSED_LATELY(Change.CLOSE),
    CLOSED(Change.CLOSE),
    GATED_LATELY(Change.GATE),
    GATED(Change.GATE),
    OPENED_LATELY(Change.OPEN),
    OPENED(Change.OPEN),
    DISABLED(Change.DISABLE),
    DELETED(Change.DELETE),
    RECREATED(Change.RECREATE),
    DARK_IN_GRACE(Change.NONE),
    DARK_RESTARTED(Change.NONE),
    DARK_AFTER_GRACE(Change.NONE),
    REVOKED_THEN_DARK(Change.REVOKE),
    CLOSED_THEN_DARK(Change.CLOSE),
    GATED_THEN_DARK(Change.GATE);

    private final Change change;

    State(Change change) {
      this.change = change;
    }

    Change change() {
      return change;
    }

    /** Whether the Hub can't be reached. */
    boolean dark() {
      return name().contains("DARK");
    }

    /** Whether the mirror was told of the change before the Hub went dark. */
    boolean heard() {
      return name().endsWith("_THEN_DARK");
    }

    /** Whether a token's grant still counts while the Hub is dark. */
    boolean inGrace() {
      return this != DARK_AFTER_GRACE;
    }

    /** Whether grants and denials from before the change have not run out. */
    boolean lately() {
      return name().endsWith("_LATELY") || this == WARM || this == RESTARTED;
    }
  }

  /**
   * What the Hub knows.
   *
   * @param allowed who may read a repo that is not public
   * @param unknown whose tokens it does not know
   */
  record Facts(Look look, Set<Asker> allowed, Set<Asker> unknown) {}

  private static final Set<Asker> UNKNOWN = EnumSet.of(Asker.UNKNOWN);

  private static final Set<Asker> EXPIRED = EnumSet.of(Asker.UNKNOWN, Asker.EXPIRED);

  /** Those who may read at first. */
  static final Set<Asker> ALLOWED =
      EnumSet.of(Asker.MAY, Asker.EXPIRED, Asker.SCOPE_INCLUDES, Asker.LOCAL);

  /** Those who may read what was made again. */
  static final Set<Asker> OTHERS = EnumSet.of(Asker.MAY_NOT, Asker.SCOPE_EXCLUDES);

  /** Whose right counts: after grace only everybody's, and without rules none of a local token. */
  Asker reader() {
    if (state.dark() && !state.inGrace()) {
      return Asker.ANONYMOUS;
    }
    boolean own = mode == Mode.PUBLIC_ONLY && asker == Asker.LOCAL;
    return own ? Asker.LOCAL_REVOKED : asker;
  }

  /** Whether no rule is about the client, whatever the repo is. */
  boolean hasNoRule() {
    boolean ofRepo = route.scope() != PermissionRoute.Scope.NONE;
    return ofRepo
        && asker == Asker.STRANGER
        && (mode == Mode.SERVICE || mode == Mode.SERVICE_OFFLINE);
  }

  /** Whether the client may know of a repo that is refused like this: rules hide a disabled one. */
  boolean hears(Right right) {
    return !mode.hasRules() || !right.equals(Right.DISABLED) || reader() == Asker.LOCAL;
  }

  /** Where the answer comes from in this mode. */
  PermissionRoute.Source source() {
    return mode.hasRules() ? route.sourceByRules() : route.source();
  }

  /** Whether {@code mode: offline} applies, so that rules alone decide about what is stored. */
  boolean isOffline() {
    return mode == Mode.SERVICE_OFFLINE && state.dark();
  }

  Facts before() {
    return new Facts(kind.look(), kind == Kind.MISSING ? Set.of() : ALLOWED, UNKNOWN);
  }

  Facts after() {
    Set<Asker> allowed = before().allowed();
    return switch (state.change()) {
      case NONE -> new Facts(kind.look(), allowed, EXPIRED);
      case REVOKE -> new Facts(kind.look(), Set.of(), EXPIRED);
      case CLOSE -> changed(kind.look() == Look.DISABLED ? Look.DISABLED : Look.PRIVATE, allowed);
      case GATE -> changed(Look.GATED, allowed);
      case OPEN -> new Facts(Look.PUBLIC, allowed, EXPIRED);
      case DISABLE -> changed(Look.DISABLED, allowed);
      case DELETE -> new Facts(Look.MISSING, Set.of(), EXPIRED);
      case RECREATE -> new Facts(Look.PRIVATE, OTHERS, EXPIRED);
    };
  }

  /** A repo that is not there has no look to change. */
  private Facts changed(Look look, Set<Asker> allowed) {
    return new Facts(kind == Kind.MISSING ? Look.MISSING : look, allowed, EXPIRED);
  }

  /** Whether everything that the repo was at first is still there. */
  boolean hasOldCommit() {
    return state.change() != Change.RECREATE && kind != Kind.MISSING;
  }
}
