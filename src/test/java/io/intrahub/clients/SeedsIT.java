package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code INTRAHUB_STORE_SEEDS}: a mirror beside the cache folder of a real client. */
@Timeout(300)
class SeedsIT {
  @TempDir Path tmp;

  /** All that a write would change: contents, links, permissions and times, by path. */
  private static Map<String, String> state(Path folder) throws IOException {
    Map<String, String> state = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.toList()) {
        PosixFileAttributes is =
            Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        String content =
            is.isSymbolicLink()
                ? Files.readSymbolicLink(path).toString()
                : is.isRegularFile()
                    ? String.valueOf(Files.readString(path, StandardCharsets.ISO_8859_1).hashCode())
                    : "";
        state.put(
            folder.relativize(path).toString(),
            "%s %s %s %s".formatted(is.permissions(), is.size(), is.lastModifiedTime(), content));
      }
    }
    return state;
  }

  @ParameterizedTest
  @CsvSource({"hf-2.4.0, snapshots_shared.py", "hf-0.23.5, snapshots.py"})
  void a_client_loads_what_another_has_downloaded_to_a_seed(String version, String script)
      throws Exception {
    try (DevHub hub = DevHub.builder().start()) {
      DevRepo repo = LoadedRepo.install(hub);
      CacheCommands commands = new CacheCommands(tmp, hub);
      PythonClient.Call download = commands.direct(version).env("HF_HUB_DISABLE_XET", "0");
      ClientResult downloaded = download.script(script, LoadedRepo.ID).expectSuccess();
      LoadedRepo.expectFiles(downloaded.json().get(LoadedRepo.ID).get("files"), repo.files("main"));
      Path cache = download.home().resolve("hub");
      Map<String, String> before = state(cache);
      // The mirror would ask for large content there, which nothing but the seed has now.
      hub.cdnGoDark();

      try (MirrorProcess mirror =
          MirrorProcess.serve(
              tmp.resolve("data"),
              hub.uri(),
              commands.log(),
              MirrorProcess.STARTS_QUICKLY,
              Map.of("INTRAHUB_STORE_SEEDS", cache.toString()))) {
        PythonClient.Call load = commands.client(version).call().endpoint(mirror.uri());
        LoadedRepo.expectFiles(
            load.script("snapshot.py", LoadedRepo.ID).expectSuccess().json().get("files"),
            repo.files("main"));
        mirror.stop();
      }

      assertThat(state(cache)).isEqualTo(before);
    }
  }
}
