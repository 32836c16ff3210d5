package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kernels are a type of repo like models. */
class KernelsTest {
  private static final List<String> ROUTES =
      List.of(
          "/kernels/acme/k/resolve/main/build/k.py",
          "/api/kernels/acme/k",
          "/api/kernels/acme/k/revision/main",
          "/api/kernels/acme/k/tree/main?recursive=true",
          "/api/kernels/acme/k/refs",
          "/api/kernels/acme/k/commits/main");

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.repo("kernel", "acme/k").commit("Add it", "build/k.py", DevFile.text("a kernel"));
    rig.hub.repo("model", "acme/k").commit("Add it", "build/k.py", DevFile.text("a model"));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @Test
  void a_kernel_is_served_on_each_route_warm_and_without_the_hub() {
    for (String route : ROUTES) {
      assertThat(rig.get(route, Optional.empty()).status()).as(route).isEqualTo(200);
    }
    rig.settle();
    int calls = rig.hub.log().size();
    for (String route : ROUTES) {
      assertThat(rig.get(route, Optional.empty()).status()).as(route).isEqualTo(200);
    }
    assertThat(rig.hub.log()).hasSize(calls);
    rig.hub.goDark();
    for (String route : ROUTES) {
      assertThat(rig.get(route, Optional.empty()).status()).as(route).isEqualTo(200);
    }
  }

  @Test
  void a_kernel_and_a_model_of_one_name_are_different_repos() {
    assertThat(rig.get(ROUTES.getFirst(), Optional.empty()).text()).isEqualTo("a kernel");
    assertThat(rig.get("/acme/k/resolve/main/build/k.py", Optional.empty()).text())
        .isEqualTo("a model");
  }
}
