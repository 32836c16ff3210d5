package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AccessToken;
import io.intrahub.access.local.AccessDecision;
import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.RepoVisibility;
import io.intrahub.access.local.Requester;
import io.intrahub.config.Config;
import io.intrahub.config.ConfigException;
import io.intrahub.config.ConfigLoader;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the options of access become. */
class SiteAccessTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");

  @TempDir Path folder;

  private static Config load(Optional<Path> file, Map<String, String> environment)
      throws ConfigException {
    return ConfigLoader.load(file, environment, Map.of());
  }

  private static AccessDecision decide(SiteAccess site, String address, RepoVisibility visibility) {
    return site.rules()
        .decide(
            new Requester(InetAddress.ofLiteral(address), new LocalCredential.None()),
            REPO,
            visibility);
  }

  @Test
  void rules_of_the_file_decide() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("intrahub.yaml"),
            """
            access:
              mode: service
              service-token-file: secret
              rules:
                - {clients: [10.0.0.0/8, "2001:db8::/32"], repos: ["acme/*"], gated: true}
                - {repos: ["*/*"], private: true}
            """);
    SiteAccess site = SiteAccess.of(load(Optional.of(file), Map.of()).access(), true);

    assertThat(site.mode()).isEqualTo(AccessMode.SERVICE);
    assertThat(site.serviceTokenFile()).contains(Path.of("secret"));
    assertThat(decide(site, "10.1.1.1", RepoVisibility.GATED))
        .isEqualTo(new AccessDecision.Allowed(1));
    assertThat(decide(site, "2001:db8::1", RepoVisibility.PRIVATE))
        .isInstanceOf(AccessDecision.Refused.class);
    assertThat(decide(site, "11.1.1.1", RepoVisibility.PRIVATE))
        .isEqualTo(new AccessDecision.Allowed(2));
    assertThat(decide(site, "11.1.1.1", RepoVisibility.GATED))
        .isInstanceOf(AccessDecision.Refused.class);
  }

  @Test
  void a_token_of_the_environment_is_used_and_not_shown() throws Exception {
    Map<String, String> environment =
        Map.of("INTRAHUB_ACCESS_MODE", "service", "INTRAHUB_ACCESS_SERVICE_TOKEN", "hf_s3cret");
    SiteAccess site = SiteAccess.of(load(Optional.empty(), environment).access(), true);

    assertThat(site.serviceToken().map(AccessToken::asAuthorization)).contains("Bearer hf_s3cret");
    assertThat(site.toString()).doesNotContain("hf_s3cret");
  }

  @Test
  void only_public_repos_are_served_without_any_option_but_the_mode() throws Exception {
    Map<String, String> environment =
        Map.of("INTRAHUB_ACCESS_MODE", "public-only", "INTRAHUB_ACCESS_GRANT_TTL", "1m");
    SiteAccess site = SiteAccess.of(load(Optional.empty(), environment).access(), true);

    assertThat(site.mode()).isEqualTo(AccessMode.PUBLIC_ONLY);
    assertThat(site.grantTtl()).isEqualTo(Duration.ofMinutes(1));
    assertThat(decide(site, "::1", RepoVisibility.PUBLIC)).isEqualTo(new AccessDecision.Allowed(0));
    assertThat(decide(site, "::1", RepoVisibility.GATED))
        .isInstanceOf(AccessDecision.Refused.class)
        .asString()
        .contains("public-only");
  }

  @Test
  void only_public_repos_are_served_if_upstream_receives_no_tokens() throws Exception {
    SiteAccess site = SiteAccess.of(load(Optional.empty(), Map.of()).access(), false);

    assertThat(site.mode()).isEqualTo(AccessMode.PUBLIC_ONLY);
    assertThat(decide(site, "::1", RepoVisibility.PUBLIC)).isEqualTo(new AccessDecision.Allowed(0));
    assertThat(decide(site, "::1", RepoVisibility.PRIVATE))
        .isInstanceOf(AccessDecision.Refused.class)
        .asString()
        .contains("upstream.endpoints: append #send-tokens");
  }
}
