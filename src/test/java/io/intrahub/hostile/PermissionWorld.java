package io.intrahub.hostile;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Kind;
import io.intrahub.hostile.PermissionCell.Mode;
import io.intrahub.hostile.PermissionCell.State;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The repos and tokens of the permission matrix at a made-up Hub. For one thread. */
final class PermissionWorld {
  /** In every token, and nowhere else. */
  static final String CANARY = "CANARY";

  /** In every file, and in the info of every repo. */
  static final String SECRET = "SECRET";

  private static final int BLOB = 2_000;

  /** The mirror's own token, in the modes that have one. */
  static final String SERVICE = "hf_" + CANARY + "service";

  private final Rig rig;
  private final Mode mode;

  PermissionWorld(Rig rig, Mode mode) {
    this.rig = rig;
    this.mode = mode;
    rig.hub.token(SERVICE, "site");
  }

  /** A repo and what is in it now. */
  static final class Repo {
    final String type;

    /** The id by which clients ask. */
    final String asked;

    private final Kind kind;
    private final State state;
    private String actual;
    private int generation;
    private String commit = "0".repeat(40);
    private String oldCommit = commit;
    private DevFile weights = DevFile.text("");

    Repo(Mode mode, Kind kind, State state, String suffix) {
      // What holds for models holds for kernels, so half of the matrix is asked about these. All
      // repos of a state are of one type, because refusals of them are compared.
      type = (mode.ordinal() + state.ordinal()) % 2 == 0 ? "kernel" : "model";
      this.kind = kind;
      this.state = state;
      asked = ("acme/" + kind + "-" + state + suffix).toLowerCase(Locale.ROOT);
      actual = kind.isRenamed() ? asked + "-new" : asked;
    }

    String actual() {
      return actual;
    }

    String commit() {
      return commit;
    }

    /** The digest of the large file. */
    String sha256() {
      return weights.sha256();
    }

    /** The bytes of a file. */
    byte[] content(String path) {
      return path.equals("model.bin")
          ? weights.allBytes()
          : text(path).getBytes(StandardCharsets.UTF_8);
    }

    private String text(String path) {
      return "{\"what\":\"" + SECRET + path + " of " + asked + " " + generation + "\"}";
    }

    private void fill(DevRepo repo) {
      byte[] bytes =
          (SECRET + "WEIGHTS of " + asked + " " + generation + " ")
              .repeat(BLOB)
              .getBytes(StandardCharsets.UTF_8);
      weights = DevFile.lfs(Arrays.copyOf(bytes, BLOB));
      commit =
          repo.meta("description", "\"" + SECRET + "META\"")
              .commit(
                  "Add it",
                  Map.of(
                      "config.json", DevFile.text(text("config.json")),
                      "README.md", DevFile.text(text("README.md")),
                      "model.bin", weights));
    }
  }

  /** The token of this asker in this state; empty for a client without one. */
  static Optional<String> token(Asker asker, State state) {
    return switch (asker) {
      case ANONYMOUS, NEIGHBOUR, STRANGER -> Optional.empty();
      case LOCAL, LOCAL_ELSEWHERE, LOCAL_EXPIRED, LOCAL_REVOKED -> Optional.of(localToken(asker));
      case MALFORMED, MALFORMED_LOCALLY -> Optional.of("hf_" + CANARY + " in two words");
      default -> Optional.of("hf_" + CANARY + asker + state);
    };
  }

  /** The text of a local token. */
  static String localToken(Asker asker) {
    return "hf_intrahub" + CANARY + asker.name().replace("_", "") + "0".repeat(16);
  }

  /** The tokens of the Hub in whose name these clients read. */
  private static String[] tokens(Collection<Asker> askers, State state) {
    return askers.stream()
        .map(a -> a == Asker.LOCAL ? SERVICE : token(a, state).orElseThrow())
        .toArray(String[]::new);
  }

  /** Makes the tokens of a state known to the Hub. */
  void register(State state) {
    for (Asker asker : mode.askers()) {
      switch (asker) {
        case ANONYMOUS,
            UNKNOWN,
            MALFORMED,
            MALFORMED_LOCALLY,
            LOCAL,
            LOCAL_ELSEWHERE,
            LOCAL_EXPIRED,
            LOCAL_REVOKED,
            NEIGHBOUR,
            STRANGER -> {}
        case SCOPE_INCLUDES, SCOPE_EXCLUDES ->
            rig.hub.token(token(asker, state).orElseThrow(), "carol");
        default -> rig.hub.token(token(asker, state).orElseThrow(), asker.name());
      }
    }
  }

  /** Makes a repo as it is at first. */
  Repo make(Kind kind, State state, String suffix) {
    Repo repo = new Repo(mode, kind, state, suffix);
    if (kind == Kind.MISSING) {
      return repo;
    }
    DevRepo dev = rig.hub.repo(repo.type, repo.actual);
    if (kind.isRenamed()) {
      dev.renamedFrom(repo.asked);
    }
    repo.fill(dev);
    repo.oldCommit = repo.commit;
    dev.allow(tokens(PermissionCell.ALLOWED, state))
        .allow(token(Asker.HUB_TOKEN, state).orElseThrow())
        .manualGate(kind == Kind.GATED_MANUAL)
        .disabled(kind == Kind.DISABLED)
        .visibility(
            switch (kind.look()) {
              case PRIVATE -> Visibility.PRIVATE;
              case GATED -> Visibility.GATED;
              case PUBLIC, DISABLED, MISSING -> Visibility.PUBLIC;
            });
    return repo;
  }

  /** Lets a token expire. */
  void expire(State state) {
    rig.hub.revoke(token(Asker.EXPIRED, state).orElseThrow());
  }

  /** Lets what makes the state happen to a repo. */
  void change(Repo repo) {
    switch (repo.state.change()) {
      case NONE -> {}
      case REVOKE -> present(repo).ifPresent(d -> d.disallow(allowed(repo)));
      case CLOSE ->
          present(repo)
              .filter(_ -> repo.kind != Kind.DISABLED)
              .ifPresent(d -> d.visibility(Visibility.PRIVATE));
      case GATE -> present(repo).ifPresent(d -> d.visibility(Visibility.GATED).disabled(false));
      case DISABLE -> present(repo).ifPresent(d -> d.visibility(Visibility.PUBLIC).disabled(true));
      case OPEN -> {
        DevRepo dev = rig.hub.repo(repo.type, repo.actual);
        if (repo.kind == Kind.MISSING) {
          repo.fill(dev);
        }
        dev.visibility(Visibility.PUBLIC).disabled(false);
      }
      case DELETE -> rig.hub.delete(repo.type, repo.actual);
      case RECREATE -> {
        rig.hub.delete(repo.type, repo.actual);
        repo.actual = repo.asked;
        repo.generation++;
        DevRepo dev = rig.hub.repo(repo.type, repo.actual);
        repo.fill(dev);
        dev.visibility(Visibility.PRIVATE).allow(tokens(PermissionCell.OTHERS, repo.state));
      }
    }
  }

  private Optional<DevRepo> present(Repo repo) {
    return repo.kind == Kind.MISSING
        ? Optional.empty()
        : Optional.of(rig.hub.repo(repo.type, repo.actual));
  }

  private static String[] allowed(Repo repo) {
    return tokens(PermissionCell.ALLOWED, repo.state);
  }

  /** What the mirror answers. */
  Rig.Answer ask(PermissionCell cell, Repo repo) {
    return send(rig.app().uri(), cell, repo);
  }

  /** What the Hub answers at first, which may be a redirect. */
  Rig.Answer askHub(PermissionCell cell, Repo repo) {
    return send(rig.hub.uri(), cell, repo);
  }

  private Rig.Answer send(URI to, PermissionCell cell, Repo repo) {
    Rig.Call call = cell.route().of(repo.type, repo.asked, repo.commit, repo.oldCommit);
    Optional<String> token = token(cell.asker(), cell.state());
    Optional<String> from =
        Optional.of(PermissionSite.ELSEWHERE).filter(_ -> cell.asker() == Asker.STRANGER);
    try {
      return rig.send(to, call, token, from);
    } catch (AssertionError closed) {
      if (call.method().equals("GET") || call.method().equals("HEAD")) {
        throw closed;
      }
      // The JDK's client does not repeat it if the server just closed the kept connection.
      return rig.send(to, call, token, from);
    }
  }
}
