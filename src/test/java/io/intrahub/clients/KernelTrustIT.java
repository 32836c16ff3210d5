package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevRepo;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Before it loads a kernel, the {@code kernels} package (0.17.2) asks the Hub whether it trusts the
 * publisher, unless the user trusts the kernel.
 */
class KernelTrustIT {
  private static final String BY_DEFAULT = "False";
  private static final String ALLOWED = "[repo]";

  private static final String LOAD =
      """
      import report, sys
      from kernels import get_kernel
      repo = sys.argv[1]
      report.of(lambda: {"doubled": get_kernel(repo, version=1, trust_remote_code=%s).double(21)})
      """;

  @TempDir Path tmp;
  private MirrorUnderTest mirror;

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror.hub().trustPublisher("trusted");
    kernel("trusted/kernel");
    kernel("unknown/kernel");
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private void kernel(String id) {
    DevRepo repo = mirror.hub().repo("kernel", id);
    repo.branch("v1", repo.commit("Add it", TableRepos.kernel()));
  }

  private ClientResult load(String repo, String trust) throws IOException {
    PythonClient client =
        new PythonClient("datasets-5", Files.createDirectories(tmp.resolve("homes")));
    client.assumeAvailable();
    return client.call().endpoint(mirror.uri()).code(LOAD.formatted(trust), repo);
  }

  private void expectLoads(String repo, String trust) throws IOException {
    assertThat(load(repo, trust).expectSuccess().json().get("doubled").asInt()).isEqualTo(42);
  }

  private void expectRefused(String repo, String reason) throws IOException {
    var error = load(repo, BY_DEFAULT).json().get("error");
    assertThat(error.get("type").asString()).isEqualTo("ValueError");
    assertThat(error.get("message").asString()).contains(reason);
  }

  @Test
  void a_kernel_of_an_unknown_publisher_loads_only_if_the_user_allows_it() throws Exception {
    expectRefused("unknown/kernel", "not from a trusted publisher");
    expectLoads("unknown/kernel", ALLOWED);
  }

  @Test
  void the_hubs_trust_is_known_during_an_outage_until_a_restart() throws Exception {
    expectLoads("trusted/kernel", BY_DEFAULT);
    mirror.awaitIdle();
    mirror.mark();
    expectLoads("trusted/kernel", BY_DEFAULT);
    mirror.expectSilence();

    mirror.hub().goDark();
    expectLoads("trusted/kernel", BY_DEFAULT);

    mirror.restart();
    expectRefused("trusted/kernel", "could not verify publisher trust");
    expectLoads("trusted/kernel", ALLOWED);
  }

  @Test
  void offline_only_kernels_load_that_the_user_allows() throws Exception {
    expectLoads("trusted/kernel", BY_DEFAULT);
    mirror.awaitIdle();

    mirror.restartOffline();

    expectRefused("trusted/kernel", "could not verify publisher trust");
    expectLoads("trusted/kernel", ALLOWED);
  }
}
