package io.intrahub.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.TokenHash;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Who a client is, where its token is not sent to the Hub. */
class LocalIdentityTest {
  private static final Instant CREATED = Instant.parse("2026-06-01T10:00:00Z");

  private static JsonNode json(String name) {
    LocalToken token =
        new LocalToken(name, TokenHash.of(name), CREATED, Optional.empty(), List.of());
    LocalIdentity identity = LocalIdentity.of(new LocalCredential.Valid(token));
    return JsonMapper.shared().readTree(((LocalIdentity.Known) identity).json());
  }

  @Test
  void the_holder_of_a_local_token_has_what_clients_read() {
    JsonNode ci = json("ci");

    assertThat(ci.path("type").asString()).isEqualTo("user");
    assertThat(ci.path("name").asString()).isEqualTo("ci");
    assertThat(ci.path("id").asString())
        .matches("[0-9a-f]{24}")
        .isNotEqualTo(json("cd").path("id").asString());
    assertThat(ci.path("fullname").isString()).isTrue();
    assertThat(ci.path("orgs").isArray()).isTrue();
    assertThat(ci.path("periodEnd").isNull()).isTrue();
    for (String flag : List.of("emailVerified", "canPay", "isPro")) {
      assertThat(ci.path(flag).isBoolean()).as(flag).isTrue();
    }
    JsonNode token = ci.path("auth").path("accessToken");
    assertThat(ci.path("auth").path("type").asString()).isEqualTo("access_token");
    assertThat(token.path("displayName").asString()).isEqualTo("ci");
    assertThat(token.path("role").asString()).isEqualTo("read");
    assertThat(token.path("createdAt").asString()).isEqualTo("2026-06-01T10:00:00.000Z");
    assertThat(ci.toString()).doesNotContain(TokenHash.of("ci").hex().substring(0, 12));
  }

  @Test
  void anybody_else_hears_what_the_hub_says_to_such_a_token() {
    assertThat(error(new LocalCredential.None())).isEqualTo("401 Invalid username or password.");
    for (LocalCredential bad :
        List.of(new LocalCredential.Unknown(), new LocalCredential.Expired("ci", CREATED))) {
      assertThat(error(bad)).isEqualTo("401 Invalid credentials in Authorization header");
    }
    assertThat(error(new LocalCredential.Unavailable())).startsWith("503 ");
  }

  private static String error(LocalCredential credential) {
    LocalIdentity.Refused refused = (LocalIdentity.Refused) LocalIdentity.of(credential);
    return refused.error().status() + " " + refused.error().message();
  }
}
