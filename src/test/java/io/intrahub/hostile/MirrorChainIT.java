package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Visibility;
import io.intrahub.faults.MirrorProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packed mirror in front of the packed mirror, and the Hub's own client in front of both. */
class MirrorChainIT {
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(8, 3_000_000);
  private static final List<String> OPTIONS = List.of("-Xmx256m");

  @TempDir Path tmp;

  private static void expectWhole(ClientResult result) {
    assertThat(
            result.expectSuccess().json().get("files").get("weights.bin").get("sha256").asString())
        .isEqualTo(WEIGHTS.sha256());
  }

  @Test
  void a_repo_loads_through_two_mirrors_as_through_one() throws Exception {
    PythonClient hf = new PythonClient("hf-2.4.0", tmp);
    hf.assumeAvailable();
    try (DevHub hub = DevHub.builder().start();
        MirrorProcess inner =
            MirrorProcess.serve(
                tmp.resolve("inner"), hub.uri(), tmp.resolve("inner.log"), OPTIONS);
        MirrorProcess outer =
            MirrorProcess.serve(
                tmp.resolve("outer"), inner.uri(), tmp.resolve("outer.log"), OPTIONS)) {
      hub.token("hf_alice", "alice");
      Map<String, DevFile> files =
          Map.of("config.json", DevFile.text("{}\n"), "weights.bin", WEIGHTS);
      hub.repo("model", "acme/open").commit("Add it", files);
      hub.repo("model", "acme/secret")
          .visibility(Visibility.PRIVATE)
          .allow("hf_alice")
          .commit("Add it", files);

      expectWhole(hf.call().endpoint(outer.uri()).script("snapshot.py", "acme/open"));
      expectWhole(
          hf.call().endpoint(outer.uri()).token("hf_alice").script("snapshot.py", "acme/secret"));
      ClientResult wrong =
          hf.call().endpoint(outer.uri()).token("hf_bob").script("snapshot.py", "acme/secret");
      assertThat(wrong.exitCode()).isNotZero();

      hub.goDark();
      expectWhole(hf.call().endpoint(outer.uri()).script("snapshot.py", "acme/open"));
      inner.kill();
      inner.awaitDeath();
      expectWhole(hf.call().endpoint(outer.uri()).script("snapshot.py", "acme/open"));
      expectWhole(
          hf.call().endpoint(outer.uri()).token("hf_alice").script("snapshot.py", "acme/secret"));
      hub.comeBack();
    }
    assertThat(Files.readString(tmp.resolve("outer.log"))).doesNotContain("hf_alice");
  }
}
