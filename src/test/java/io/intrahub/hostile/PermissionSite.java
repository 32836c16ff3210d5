package io.intrahub.hostile;

import io.intrahub.access.AccessToken;
import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.TokenHash;
import io.intrahub.base.AddressRanges;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.Recorded;
import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Mode;
import io.intrahub.http.ClientLimits;
import io.intrahub.hub.RepoPattern;
import io.intrahub.store.fs.tokens.TokenFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The operator's side of the permission matrix: modes, rules and local tokens. */
final class PermissionSite {
  /** An address in a network that no rule names. */
  static final String ELSEWHERE = "192.0.2.7";

  /** All clients have one address, and the clock stands still, so these would run out. */
  private static final int ENOUGH = 10_000_000;

  private static final AddressRanges NEIGHBOURS = AddressRanges.of(List.of("127.0.0.0/8"));

  private PermissionSite() {}

  /** Starts a mirror in this mode, with its rules and local tokens. */
  static Rig start(Path data, Mode mode) throws Exception {
    Rig rig =
        new Rig(
            data,
            s -> {
              AppSettings settings = s.withMirror(s.mirror().withColdQuestions(ENOUGH));
              return mode.hasRules()
                  ? settings
                      .withSite(site(mode))
                      .withClients(new ClientLimits(1000, 1000, 1000, NEIGHBOURS))
                  : settings;
            });
    if (mode.hasRules()) {
      TokenFile.of(data)
          .<RuntimeException>change(table ->
              table
                  .with(localToken(rig, Asker.LOCAL, Optional.empty(), List.of()))
                  .with(localToken(rig, Asker.LOCAL_REVOKED, Optional.empty(), List.of()))
                  .with(
                      localToken(
                          rig, Asker.LOCAL_EXPIRED, Optional.of(Duration.ofMinutes(1)), List.of()))
                  .with(
                      localToken(
                          rig,
                          Asker.LOCAL_ELSEWHERE,
                          Optional.empty(),
                          List.of(pattern("other/*")))));
      TokenFile.of(data)
          .<RuntimeException>change(table -> table.without(Asker.LOCAL_REVOKED.name()));
      rig.clock.pass(Duration.ofMinutes(2));
    }
    return rig;
  }

  private static SiteAccess site(Mode mode) {
    boolean service = mode != Mode.PUBLIC_ONLY;
    List<String> named =
        List.of(
            Asker.LOCAL.name(),
            Asker.LOCAL_ELSEWHERE.name(),
            Asker.LOCAL_EXPIRED.name(),
            Asker.LOCAL_REVOKED.name());
    List<RepoPattern> repos = List.of(pattern("acme/*"), pattern("kernels/acme/*"));
    return new SiteAccess(
        service ? AccessMode.SERVICE : AccessMode.PUBLIC_ONLY,
        service
            ? AccessRules.of(
                List.of(
                    new AccessRule(Optional.empty(), named, repos, true, true),
                    new AccessRule(Optional.of(NEIGHBOURS), List.of(), repos, false, false)))
            : AccessRules.publicOnly(),
        Optional.empty(),
        service ? AccessToken.of(PermissionWorld.SERVICE) : Optional.empty(),
        Duration.ofMinutes(5),
        Duration.ofHours(1));
  }

  private static RepoPattern pattern(String text) {
    return RepoPattern.parse(text).orElseThrow();
  }

  private static LocalToken localToken(
      Rig rig, Asker asker, Optional<Duration> life, List<RepoPattern> repos) {
    return new LocalToken(
        asker.name(),
        TokenHash.of(PermissionWorld.localToken(asker)),
        rig.clock.instant(),
        life.map(rig.clock.instant()::plus),
        repos);
  }

  /** What the Hub was sent and no mirror in this mode may send: a token that is not its own. */
  static List<String> strayTokens(Mode mode, List<Recorded> requests) {
    List<String> stray = new ArrayList<>();
    for (Recorded request : requests) {
      boolean own =
          mode != Mode.PUBLIC_ONLY
              && request.authorization().equals(Optional.of("Bearer " + PermissionWorld.SERVICE));
      String rest = request.target() + (own ? "" : request.headers());
      if ((request.authorization().isPresent() && !own) || rest.contains(PermissionWorld.CANARY)) {
        stray.add(request.toString());
      }
    }
    return stray;
  }
}
