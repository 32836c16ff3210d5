package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * How many upstream calls the first {@code snapshot_download} of a repo costs, with each version of
 * the client, counted at the Hub and at its CDN.
 */
@ParameterizedClass
@FieldSource("VERSIONS")
class ColdLoadCallsIT {
  static final List<String> VERSIONS = PythonClient.VERSIONS;

  private static final String ID = "acme/calls";
  private static final int SMALL = 12;
  private static final int LARGE = 8;

  /** Repo info, listing, batch call, and a read of each file. */
  private static final int MOST_CALLS = 3 + SMALL + LARGE;

  @Parameter String version;
  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevRepo repo;
  private PythonClient hf;

  @BeforeEach
  void start() {
    hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    repo = mirror.hub().repo("model", ID);
    Map<String, DevFile> files = new HashMap<>();
    for (int i = 0; i < SMALL; i++) {
      files.put("part %02d/words.txt".formatted(i), DevFile.text("words " + i + "\n"));
    }
    for (int i = 0; i < LARGE; i++) {
      files.put("model-%d.safetensors".formatted(i), DevFile.lfsGenerated(i, 1_000_000));
    }
    repo.commit("Add the model", files);
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  @Test
  void a_cold_snapshot_asks_upstream_once_about_all_files() {
    ClientResult result = hf.call().endpoint(mirror.uri()).script("snapshot.py", ID);
    LoadedRepo.expectFiles(result.expectSuccess().json().get("files"), repo.files("main"));
    mirror.awaitIdle();
    assertThat(mirror.upstream())
        .as("%s", mirror.upstreamByRoute())
        .hasSizeLessThanOrEqualTo(MOST_CALLS);
  }
}
