package io.intrahub.access.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.AccessDecision.Allowed;
import io.intrahub.access.local.AccessDecision.Reason;
import io.intrahub.access.local.AccessDecision.Refused;
import io.intrahub.base.AddressRanges;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import io.intrahub.hub.RepoType;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Who may read what, rule by rule. */
class AccessRulesTest {
  private static final Instant NOW = Instant.parse("2026-06-01T10:00:00Z");
  private static final LocalCredential NONE = new LocalCredential.None();
  private static final RepoId TINY = new RepoId(RepoType.MODEL, "acme/tiny");

  /** The rules of the example in the documentation, with one before and one behind. */
  private static final AccessRules SITE =
      AccessRules.of(
          List.of(
              // 1: an exception that comes before what it is one of.
              rule(List.of(), List.of(), List.of("acme/secret"), false, false),
              // 2
              rule(
                  List.of(), List.of("ci", "night"), List.of("acme/*", "meta-llama/*"), true, true),
              // 3
              rule(
                  List.of("10.0.0.0/8", "2001:db8::/32"),
                  List.of(),
                  List.of("*/*", "*", "datasets/*/*"),
                  false,
                  false),
              // 4: both a network and a token.
              rule(List.of("192.0.2.0/24"), List.of("ci"), List.of("spaces/*/*"), true, false),
              // 5: never reached for models with a namespace from 10.0.0.0/8.
              rule(List.of("10.0.0.0/8"), List.of(), List.of("*/*", "spaces/*/*"), true, true)));

  private static AccessRule rule(
      List<String> clients,
      List<String> tokens,
      List<String> repos,
      boolean gated,
      boolean hidden) {
    return new AccessRule(
        Optional.of(clients).filter(c -> !c.isEmpty()).map(AddressRanges::of),
        tokens,
        repos.stream().map(text -> RepoPattern.parse(text).orElseThrow()).toList(),
        gated,
        hidden);
  }

  private static LocalToken token(String name, String... repos) {
    return new LocalToken(
        name,
        TokenHash.of(name),
        NOW,
        Optional.empty(),
        Arrays.stream(repos).map(text -> RepoPattern.parse(text).orElseThrow()).toList());
  }

  private static LocalCredential holder(String name, String... repos) {
    return new LocalCredential.Valid(token(name, repos));
  }

  private static Requester requester(String address, LocalCredential credential) {
    return new Requester(InetAddress.ofLiteral(address), credential);
  }

  private static RepoId repo(String text) {
    RepoPattern one = RepoPattern.parse(text).orElseThrow();
    return new RepoId(one.type(), one.glob());
  }

  @ParameterizedTest
  @CsvSource({
    // Public repos.
    "10.1.2.3,         -,    acme/tiny,          PUBLIC,        3",
    "10.1.2.3,         -,    gpt2,               PUBLIC,        3",
    "10.1.2.3,         -,    datasets/acme/x,    PUBLIC,        3",
    "10.1.2.3,         -,    datasets/squad,     PUBLIC,        NO_RULE",
    "10.1.2.3,         -,    spaces/acme/x,      PUBLIC,        5",
    "11.1.2.3,         -,    acme/tiny,          PUBLIC,        NO_RULE",
    "11.1.2.3,         ci,   acme/tiny,          PUBLIC,        2",
    "11.1.2.3,         ci,   ACME/Tiny,          PUBLIC,        2",
    "11.1.2.3,         ci,   google/x,           PUBLIC,        NO_RULE",
    "11.1.2.3,         other, acme/tiny,         PUBLIC,        NO_RULE",
    "11.1.2.3,         CI,   acme/tiny,          PUBLIC,        NO_RULE",
    // The first match decides, whatever later rules allow.
    "10.1.2.3,         -,    acme/tiny,          GATED,         GATED",
    "10.1.2.3,         -,    acme/tiny,          PRIVATE,       PRIVATE",
    "10.1.2.3,         -,    acme/tiny,          PRIVATE_GATED, PRIVATE",
    "10.1.2.3,         -,    spaces/acme/x,      PRIVATE_GATED, 5",
    "10.1.2.3,         ci,   acme/tiny,          GATED,         2",
    "10.1.2.3,         ci,   acme/tiny,          PRIVATE,       2",
    "10.1.2.3,         night, meta-llama/x,      PRIVATE_GATED, 2",
    "10.1.2.3,         ci,   acme/secret,        PUBLIC,        1",
    "10.1.2.3,         ci,   acme/secret,        PRIVATE,       PRIVATE",
    "10.1.2.3,         ci,   Acme/SECRET,        PRIVATE,       PRIVATE",
    // Both a network and a token.
    "192.0.2.9,        ci,   spaces/acme/x,      GATED,         4",
    "192.0.2.9,        ci,   spaces/acme/x,      PRIVATE_GATED, PRIVATE",
    "192.0.2.9,        -,    spaces/acme/x,      GATED,         NO_RULE",
    "192.0.3.9,        ci,   spaces/acme/x,      GATED,         NO_RULE",
    // IPv6, and IPv4 in its clothes.
    "2001:db8:7::1,    -,    acme/tiny,          PUBLIC,        3",
    "2001:db9::1,      -,    acme/tiny,          PUBLIC,        NO_RULE",
    "::ffff:10.1.2.3,  -,    acme/tiny,          PUBLIC,        3",
    "::ffff:11.1.2.3,  -,    acme/tiny,          PUBLIC,        NO_RULE",
    "::1,              -,    acme/tiny,          PUBLIC,        NO_RULE",
  })
  void the_first_match_decides(
      String address, String token, String repo, RepoVisibility visibility, String expected) {
    LocalCredential credential = token.equals("-") ? NONE : holder(token);

    assertThat(brief(SITE.decide(requester(address, credential), repo(repo), visibility)))
        .isEqualTo(expected);
  }

  /** The rule that allowed, or the reason of the refusal. */
  private static String brief(AccessDecision decision) {
    return switch (decision) {
      case Allowed allowed -> Integer.toString(allowed.rule());
      case Refused refused -> refused.reason().name();
    };
  }

  @Test
  void an_ipv4_address_that_a_socket_maps_into_ipv6_is_one() throws Exception {
    byte[] mapped = new byte[16];
    mapped[10] = (byte) 0xff;
    mapped[11] = (byte) 0xff;
    mapped[12] = 10;
    InetAddress address = Inet6Address.getByAddress("host", mapped, -1);
    assertThat(address).isInstanceOf(Inet6Address.class);

    assertThat(brief(SITE.decide(new Requester(address, NONE), TINY, RepoVisibility.PUBLIC)))
        .isEqualTo("3");
  }

  @ParameterizedTest
  @EnumSource
  void without_rules_public_repos_are_for_everybody_and_others_for_nobody(
      RepoVisibility visibility) {
    for (AccessRules rules : List.of(AccessRules.of(List.of()), AccessRules.publicOnly())) {
      for (LocalCredential credential : List.of(NONE, holder("ci"))) {
        AccessDecision decision =
            rules.decide(requester("192.0.2.1", credential), TINY, visibility);

        if (visibility == RepoVisibility.PUBLIC) {
          assertThat(decision).isEqualTo(new Allowed(0));
        } else {
          assertThat(decision).isInstanceOf(Refused.class);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    // In its limits, a rule that names the token holds.
    "11.1.2.3, acme/tiny,    PRIVATE, 2",
    "10.1.2.3, acme/tiny,    PRIVATE, 2",
    // Outside, the token counts as none: nothing more, and nothing less.
    "11.1.2.3, meta-llama/x, PUBLIC,  NO_RULE",
    "10.1.2.3, meta-llama/x, PUBLIC,  3",
    "10.1.2.3, meta-llama/x, GATED,   GATED",
    // The limits widen nothing.
    "11.1.2.3, google/x,     PUBLIC,  NO_RULE",
  })
  void a_token_with_limits_counts_only_inside_them(
      String address, String repo, RepoVisibility visibility, String expected) {
    LocalCredential limited = holder("ci", "acme/*", "google/*");

    assertThat(brief(SITE.decide(requester(address, limited), repo(repo), visibility)))
        .isEqualTo(expected);
  }

  @Test
  void a_token_that_does_not_count_is_none() {
    for (LocalCredential credential :
        List.of(
            new LocalCredential.Expired("ci", NOW),
            new LocalCredential.Unknown(),
            new LocalCredential.Unavailable())) {
      assertThat(brief(SITE.decide(requester("11.1.2.3", credential), TINY, RepoVisibility.PUBLIC)))
          .isEqualTo("NO_RULE");
      assertThat(brief(SITE.decide(requester("10.1.2.3", credential), TINY, RepoVisibility.PUBLIC)))
          .isEqualTo("3");
    }
  }

  @Test
  void a_refusal_says_why_and_which_option_decides() {
    assertThat(message("10.1.2.3", NONE, RepoVisibility.GATED))
        .isEqualTo(
            "Access to model acme/tiny is restricted: it is gated, and rule 3 of this mirror"
                + " (access.rules) does not allow gated repositories.");
    assertThat(message("11.1.2.3", NONE, RepoVisibility.PUBLIC))
        .isEqualTo(
            "No rule of this mirror (access.rules) allows model acme/tiny for a client at 11.1.2.3"
                + " without a local token. Ask the operator.");
    assertThat(message("11.1.2.3", holder("ci", "meta-llama/*"), RepoVisibility.PUBLIC))
        .contains("with the local token ci. The local token ci is limited to meta-llama/*.");
    assertThat(message("11.1.2.3", new LocalCredential.Expired("ci", NOW), RepoVisibility.PUBLIC))
        .contains("The local token ci expired at 2026-06-01T10:00:00Z.");
    assertThat(message("11.1.2.3", new LocalCredential.Unknown(), RepoVisibility.PUBLIC))
        .contains("not one of this mirror's");
    assertThat(
            ((Refused)
                    AccessRules.of(List.of())
                        .decide(requester("::1", NONE), TINY, RepoVisibility.GATED))
                .message())
        .contains("has no rule (access.rules) that allows gated");
    assertThat(
            ((Refused)
                    AccessRules.publicOnly()
                        .decide(requester("::1", holder("ci")), TINY, RepoVisibility.GATED))
                .message())
        .contains("(access.mode: public-only). It ignores tokens.");
  }

  private static String message(
      String address, LocalCredential credential, RepoVisibility visibility) {
    Refused refused = (Refused) SITE.decide(requester(address, credential), TINY, visibility);
    assertThat(refused.message()).matches("[ -~]{1,500}");
    return refused.message();
  }

  @Test
  void a_private_repo_looks_like_one_that_does_not_exist() {
    for (AccessRules rules : List.of(SITE, AccessRules.of(List.of()), AccessRules.publicOnly())) {
      for (LocalCredential credential :
          List.of(NONE, holder("other"), new LocalCredential.Unknown())) {
        Requester who = requester("10.1.2.3", credential);
        for (RepoVisibility hidden :
            List.of(RepoVisibility.PRIVATE, RepoVisibility.PRIVATE_GATED)) {
          Refused refused = (Refused) rules.decide(who, TINY, hidden);

          assertThat(refused.reason()).isEqualTo(Reason.PRIVATE);
          assertThat(refused.message()).isEqualTo(rules.notFound(who, TINY));
        }
      }
    }
    assertThat(SITE.notFound(requester("10.1.2.3", holder("ci")), TINY))
        .isEqualTo("Repository not found");
  }

  @ParameterizedTest
  @CsvSource({
    "acme/open, PUBLIC, true",
    "acme/open, PRIVATE_GATED, true",
    "acme/metadata, PUBLIC, true",
    "acme/metadata, GATED, false",
    "acme/network, PUBLIC, false",
    "acme/token, PUBLIC, false",
    "acme/other, PUBLIC, false",
    "acme/but, PUBLIC, true",
    "acme/but, PRIVATE, false",
  })
  void a_repo_is_open_to_everybody_if_no_client_at_all_is_refused(
      String name, RepoVisibility visibility, boolean open) {
    AccessRules rules =
        AccessRules.of(
            List.of(
                // Those in the network are refused what the next rule opens to all others.
                rule(List.of("10.0.0.0/8"), List.of(), List.of("acme/but"), true, false),
                rule(List.of(), List.of(), List.of("acme/open", "acme/but"), true, true),
                rule(List.of(), List.of(), List.of("acme/metadata"), false, true),
                rule(List.of("0.0.0.0/0"), List.of(), List.of("acme/network"), true, true),
                rule(List.of(), List.of("ci"), List.of("acme/token"), true, true)));

    assertThat(rules.openToEverybody(repo(name), visibility)).isEqualTo(open);
  }

  @Test
  void without_rules_public_repos_are_open_to_everybody() {
    assertThat(AccessRules.publicOnly().openToEverybody(TINY, RepoVisibility.PUBLIC)).isTrue();
    assertThat(AccessRules.publicOnly().openToEverybody(TINY, RepoVisibility.GATED)).isFalse();
  }
}
