package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.cli.upkeep.UpkeepLauncher;
import io.intrahub.config.Config;
import io.intrahub.config.ConfigLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mirrors of commands. */
class InProcessMirrorTest {
  @TempDir Path tmp;

  private Config config() throws Exception {
    return ConfigLoader.load(
        Optional.empty(), Map.of(), Map.of("store.path", List.of(tmp.resolve("data").toString())));
  }

  @Test
  void one_for_work_on_the_store_opens_no_port() throws Exception {
    try (InProcessMirror mirror = InProcessMirror.startForStore(config())) {
      assertThatThrownBy(mirror::clients).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(mirror::operator).isInstanceOf(RuntimeException.class);
    }
    // It has released the store.
    try (UpkeepLauncher.Launched again = InProcessMirror.startUpkeep(config(), Optional.empty())) {
      assertThat(again.upkeep().store()).isNotNull();
    }
  }

  @Test
  void one_that_a_command_loads_through_has_listeners() throws Exception {
    try (InProcessMirror mirror = InProcessMirror.start(config())) {
      assertThat(mirror.clients().getPort()).isPositive();
      assertThat(mirror.operator().getPort()).isPositive();
    }
  }
}
