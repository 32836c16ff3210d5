package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.config.ConfigLoader;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the start prints of where tokens go. */
class TokenRoutesTest {
  private static final String MIRROR = "https://mirror.example";

  private static String describe(String... options) throws Exception {
    Map<String, List<String>> given = new HashMap<>();
    for (int i = 0; i < options.length; i += 2) {
      given.put(options[i], List.of(options[i + 1].split(",")));
    }
    return TokenRoutes.describe(
        AppSettingsFactory.of(ConfigLoader.load(Optional.empty(), Map.of(), given), Map.of()));
  }

  @Test
  void tokens_of_clients_go_to_the_hub() throws Exception {
    assertThat(describe()).isEqualTo("those of clients are sent to https://huggingface.co");
  }

  @Test
  void they_go_to_no_endpoint_that_the_operator_did_not_name_for_them() throws Exception {
    assertThat(describe("upstream.endpoints", "https://huggingface.co," + MIRROR))
        .isEqualTo("those of clients are sent to https://huggingface.co only");
    assertThat(describe("upstream.endpoints", MIRROR + "#send-tokens,https://other.example"))
        .isEqualTo("those of clients are sent to https://mirror.example only");
  }

  @Test
  void without_an_endpoint_for_them_they_go_nowhere() throws Exception {
    assertThat(describe("upstream.endpoints", MIRROR))
        .startsWith("none are sent to upstream, so only public repos are served")
        .contains("#send-tokens");
  }

  @Test
  void in_mode_service_only_the_mirrors_own_is_sent() throws Exception {
    assertThat(
            describe("access.mode", "service", "access.service-token-file", "/run/secrets/token"))
        .isEqualTo("the mirror's own is sent to https://huggingface.co");
  }

  @Test
  void in_mode_public_only_none_is_sent() throws Exception {
    assertThat(describe("access.mode", "public-only"))
        .isEqualTo("none are sent to upstream (access.mode: public-only)");
  }
}
