package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.FaultRule;
import io.intrahub.devhub.Route;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Hub answers, but the signed address of a file leads to a host that can't be reached. */
class UnreachableAddressTest {
  private static final String FILE = "/acme/open/resolve/main/m.bin";
  private static final String UNKNOWN = "http://cdn.invalid";
  private static final String REFUSING = "http://127.0.0.1:1";

  /** The CDN of devhub, which does not speak TLS. */
  private static final String NO_TLS = "https://127.0.0.1:PORT";

  @TempDir private Path data;
  private final DevFile file = DevFile.lfsGenerated(3, 50_000);
  private Rig rig;
  private String commit;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    commit = rig.hub.repo("model", "acme/open").commit("Add it", "m.bin", file);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private FaultRule resolves() {
    return rig.hub.faults().on(Route.RESOLVE);
  }

  /** What the Hub's first hop says of the file, with an address on this host. */
  private Map<String, String> hop(String host) {
    String port = String.valueOf(URI.create(rig.hub.uri().toString()).getPort());
    return Map.of(
        "X-Repo-Commit",
        commit,
        "X-Linked-Etag",
        "\"" + file.sha256() + "\"",
        "X-Linked-Size",
        "50000",
        "Location",
        host.replace("PORT", port) + "/secret/path?Signature=s3cr3t");
  }

  private Rig.Answer get() {
    return rig.get(FILE, Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(strings = {UNKNOWN, REFUSING, NO_TLS})
  void the_hub_is_asked_for_another_address_and_the_client_gets_the_file(String host) {
    resolves().times(1).status(302, hop(host), "");

    Rig.Answer answer = get();

    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(file.allBytes());
    assertThat(rig.hub.counters().requests(Route.RESOLVE)).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {UNKNOWN, REFUSING, NO_TLS})
  void a_file_with_no_good_address_is_refused_with_the_host_alone(String host) {
    resolves().status(302, hop(host), "");

    Rig.Answer answer = get();

    assertThat(answer.status()).as(answer.text()).isEqualTo(504);
    assertThat(answer.text())
        .contains("the file server " + URI.create(hop(host).get("Location")).getHost())
        .doesNotContain("s3cr3t")
        .doesNotContain("secret/path");
    assertThat(rig.hub.counters().requests(Route.RESOLVE)).isBetween(2L, 3L);
  }

  @Test
  void an_address_that_can_not_be_reached_is_not_tried_by_the_next_client() {
    resolves().status(302, hop(UNKNOWN), "");
    assertThat(get().status()).isEqualTo(504);

    rig.hub.faults().clear();
    Rig.Answer answer = get();

    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
  }
}
