package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code mode: offline} while there is a Hub that would answer. */
class OfflineModeTest {
  private static final Optional<String> NOBODY = Optional.empty();

  @TempDir private Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data, s -> s);
    rig.hub
        .repo("model", "acme/open")
        .commit(
            "Add it",
            Map.of(
                "config.json", DevFile.text("{}"),
                "README.md", DevFile.text("# It"),
                "model.bin", DevFile.lfsGenerated(3, 100_000)));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @Test
  void a_listed_file_that_is_not_stored_is_refused_and_the_hub_is_not_asked() {
    for (String target :
        List.of("/api/models/acme/open/revision/main", tree(), file("README.md"))) {
      assertThat(rig.get(target, NOBODY).status()).isEqualTo(200);
    }
    rig.settle();
    rig.restartOffline();
    int calls = rig.hub.log().size();

    assertThat(rig.get(tree(), NOBODY).status()).isEqualTo(200);
    assertThat(rig.get(file("README.md"), NOBODY).status()).isEqualTo(200);
    for (String name : List.of("config.json", "model.bin")) {
      assertThat(rig.get(file(name), NOBODY).status()).as(name).isEqualTo(501);
    }
    rig.settle();
    assertThat(rig.hub.log()).hasSize(calls);
  }

  private static String tree() {
    return "/api/models/acme/open/tree/main?recursive=true";
  }

  private static String file(String name) {
    return "/acme/open/resolve/main/" + name;
  }
}
