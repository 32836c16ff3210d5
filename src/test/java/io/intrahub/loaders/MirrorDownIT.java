package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.PythonClient;
import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/** The mirror itself is down: what the README says of it. */
@ParameterizedClass
@FieldSource("io.intrahub.clients.PythonClient#VERSIONS")
class MirrorDownIT {
  @Parameter String version;
  @TempDir Path tmp;
  private FaultRig rig;

  @AfterEach
  void stop() {
    if (rig != null) {
      rig.close();
    }
  }

  @Test
  void clients_load_what_they_have_themselves_and_others_hear_of_the_connection() {
    rig = new FaultRig(tmp, version);
    URI address = rig.mirror.uri();
    PythonClient.Call before = rig.call();
    rig.expectSnapshot(rig.snapshot(before));

    rig.mirror.app().close();

    PythonClient.Call again = rig.callAt(address).inHome(before.home());
    rig.expectSnapshot(rig.snapshot(again));
    rig.expectSnapshot(rig.snapshot(again.env("HF_HUB_OFFLINE", "1")));
    PythonClient.Call fresh = rig.callAt(address);
    JsonNode error = rig.errorOf(rig.snapshot(fresh), fresh);
    assertThat(error.get("type").asString()).isEqualTo("LocalEntryNotFoundError");
    assertThat(error.toString()).contains("Connection refused");
  }
}
