package io.intrahub.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.HubTargetParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** For which requests the mirror may use its own token. */
class ServiceRoutesTest {
  private static final String SHA = "a".repeat(40);

  @ParameterizedTest
  @CsvSource({
    // Content of one repo: with the token, if the rules admit the client.
    "GET,    /acme/x/resolve/main/config.json,              OfRepo model acme/x",
    "HEAD,   /datasets/acme/x/resolve/main/a/b,             OfRepo dataset acme/x",
    "GET,    /spaces/acme/x/raw/main/app.py,                OfRepo space acme/x",
    "GET,    /gpt2/resolve/main/config.json,                OfRepo model gpt2",
    "GET,    /api/resolve-cache/models/acme/x/SHA/f,        OfRepo model acme/x",
    "GET,    /api/models/acme/x,                            OfRepo model acme/x",
    "GET,    /api/models/acme/x/revision/main,              OfRepo model acme/x",
    "GET,    /api/models/acme/x/tree/main/folder,           OfRepo model acme/x",
    "POST,   /api/models/acme/x/paths-info/main,            OfRepo model acme/x",
    "GET,    /api/models/acme/x/refs,                       OfRepo model acme/x",
    "GET,    /api/models/acme/x/commits/main,               OfRepo model acme/x",
    "GET,    /api/models/acme/x/safetensors-metadata/m,     OfRepo model acme/x",
    "GET,    /api/datasets/acme/x/croissant,                OfRepo dataset acme/x",
    "GET,    /api/datasets/acme/x/parquet/default/train,    OfRepo dataset acme/x",
    "GET,    /api/models/acme/x/discussions,                OfRepo model acme/x",
    "GET,    /api/models/acme/x/discussions/1,              OfRepo model acme/x",
    "GET,    /api/models/acme/x/compare/main..dev,          OfRepo model acme/x",
    "GET,    /api/models/acme/x/scan,                       OfRepo model acme/x",
    "GET,    /api/models/acme/x/likers,                     OfRepo model acme/x",
    "GET,    /api/datasets/acme/x/leaderboard,              OfRepo dataset acme/x",
    "POST,   /api/models/acme/x/discussions,                Refused 403",
    // What else there may be below them is not known to be for all readers.
    "GET,    /api/models/acme/x/discussions/1/private,      WithoutToken",
    "GET,    /api/models/acme/x/discussions/drafts,         WithoutToken",
    "GET,    /api/models/acme/x/compare/main..dev/x,        WithoutToken",
    "GET,    /api/models/acme/x/likers/1,                   WithoutToken",
    "GET,    /api/datasets/acme/x/leaderboard/x,            WithoutToken",
    "GET,    /api/models/acme/x/scan/settings,              Refused 403",
    "GET,    /api/models/acme/x/discussions/settings,       Refused 403",
    // A branch may have any name.
    "GET,    /api/models/acme/x/commits/settings,           OfRepo model acme/x",
    // What is spelled otherwise is not known to be read as expected.
    "GET,    /api/models/acme/x/%63ommits/main,             WithoutToken",
    // Public things, among them everything that could list repos.
    "GET,    /api/models,                                   WithoutToken",
    "GET,    /api/datasets,                                 WithoutToken",
    "GET,    /api/collections/acme/c,                       WithoutToken",
    "GET,    /api/users/alice/overview,                     WithoutToken",
    "GET,    /api/organizations/acme/members,               WithoutToken",
    "GET,    /api/models-tags-by-type,                      WithoutToken",
    "GET,    /api/daily_papers,                             WithoutToken",
    "GET,    /papers/2401.00001.md,                         WithoutToken",
    "GET,    /api/spaces/semantic-search,                   WithoutToken",
    "GET,    /api/spaces/templates,                         WithoutToken",
    "GET,    /api/models/acme/x/refs/heads,                 WithoutToken",
    "GET,    /api/models/acme/x/tree/,                      WithoutToken",
    "GET,    /api/models/acme/x/unheard-of,                 WithoutToken",
    "GET,    /api/unheard-of,                               WithoutToken",
    "GET,    /api/buckets/acme/b/tree,                      WithoutToken",
    "POST,   /api/buckets/acme/b/paths-info,                WithoutToken",
    "POST,   /api/buckets/acme/b/batch,                     Refused 403",
    // Answered here.
    "GET,    /api/whoami-v2,                                Identity",
    "HEAD,   /api/whoami-v2,                                Identity",
    "GET,    /api/models/acme/x/auth-check,                 AuthCheck model acme/x",
    "GET,    /api/agent-harnesses,                          ByMirror",
    "HEAD,   /api/telemetry/hf_hub,                         ByMirror",
    "GET,    /api/models/acme/x/xet-read-token/main,        ByMirror",
    "GET,    /acme/x/blob/main/config.json,                 ByMirror",
    "GET,    /,                                             ByMirror",
    "GET,    /settings/tokens,                              ByMirror",
    // Accounts and settings: never sent to the Hub.
    "GET,    /api/whoami,                                   Refused 403",
    "GET,    /api/whoami-v2/x,                              Refused 403",
    "GET,    /api/%77hoami-v2,                              Refused 403",
    "GET,    /api/WhoAmI-v2,                                Refused 403",
    "GET,    /api/settings/webhooks,                        Refused 403",
    "GET,    /api/s%65ttings/webhooks,                      Refused 403",
    "GET,    /api/organizations/acme/settings/repositories, Refused 403",
    "GET,    /api/notifications,                            Refused 403",
    "GET,    /api/jobs/acme,                                Refused 403",
    "GET,    /api/spaces/zero-gpu/quota,                    Refused 403",
    "GET,    /api/models/acme/x/user-access-request/pending, Refused 403",
    "GET,    /api/models/acme/x/lfs-files,                  Refused 403",
    "GET,    /api/models/acme/x/settings,                   Refused 403",
    "GET,    /api/models/acme/x/%73ettings,                 Refused 403",
    "GET,    /api/models/acme/x/auth-check/write,           Refused 403",
    "GET,    /api/spaces/acme/x/secrets,                    Refused 403",
    // Writes.
    "POST,   /api/repos/create,                             Refused 403",
    "POST,   /api/models/acme/x/commit/main,                Refused 403",
    "PUT,    /api/models/acme/x/settings,                   Refused 403",
    "DELETE, /acme/x/resolve/main/config.json,              Refused 403",
    "POST,   /acme/x/resolve/main/config.json,              Refused 403",
    "GET,    /api/models/acme/x/paths-info/main,            Refused 405",
  })
  void a_request_is_answered(String method, String path, String expected) {
    HubTargetParser.Target parsed =
        (HubTargetParser.Target) HubTargetParser.parse(path.replace("SHA", SHA));

    assertThat(text(ServiceRoutes.of(method, parsed.target()))).isEqualTo(expected);
  }

  private static String text(ServiceRoutes.Use use) {
    return switch (use) {
      case ServiceRoutes.Use.OfRepo it -> "OfRepo " + it.repo();
      case ServiceRoutes.Use.AuthCheck it -> "AuthCheck " + it.repo();
      case ServiceRoutes.Use.Refused it -> "Refused " + it.error().status();
      default -> use.getClass().getSimpleName();
    };
  }

  @Test
  void a_refusal_says_where_to_ask() {
    HubTargetParser.Target parsed =
        (HubTargetParser.Target) HubTargetParser.parse("/api/settings/webhooks");

    assertThat(ServiceRoutes.of("GET", parsed.target()))
        .isInstanceOfSatisfying(
            ServiceRoutes.Use.Refused.class,
            refused -> assertThat(refused.error().message()).contains("unset HF_ENDPOINT"));
  }
}
