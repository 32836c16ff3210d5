package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Listings of the Hub with entries that the mirror does not know: clients may know them, so they
 * get what the Hub said, and the files of the commit load one by one.
 */
class UnknownListingTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Map<String, String> JSON = Map.of("Content-Type", "application/json");
  private static final String TREE = "/api/models/acme/open/tree/main";
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(3, 200_000);

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() {
    rig = new Rig(data);
    rig.hub
        .repo("model", "acme/open")
        .commit("Add it", Map.of("a.txt", DevFile.text("a"), "weights.bin", WEIGHTS));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private static String withKnownFile(String unknown) {
    return ("[{'type':'file','oid':'%s','size':1,'path':'a.txt'},".formatted("7".repeat(40))
            + unknown
            + "]")
        .replace('\'', '"');
  }

  private void filesLoad() {
    assertThat(rig.get("/acme/open/resolve/main/a.txt", NOBODY).text()).isEqualTo("a");
    assertThat(rig.get("/acme/open/resolve/main/weights.bin", NOBODY).body())
        .isEqualTo(WEIGHTS.allBytes());
    Rig.Answer missing = rig.get("/acme/open/resolve/main/none.txt", NOBODY);
    assertThat(missing.status()).isEqualTo(404);
    assertThat(missing.header("x-error-code")).hasValue("EntryNotFound");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'type':'symlink','oid':'x','size':3,'path':'link','target':'a.txt'}",
        "{'type':'file','path':'later','id':'blake3:00','size':3}",
        "{'type':'file','oid':'x','size':3,'path':'b','lfs':{'oid':'sha512:00','size':3}}",
        "['later']",
      })
  void a_listing_with_an_unknown_entry_is_passed_on(String unknown) {
    String listing = withKnownFile(unknown);
    rig.hub.faults().on(Route.TREE).always().status(200, JSON, listing);
    for (String query : new String[] {"?recursive=true", "", "?recursive=true&limit=1"}) {
      for (int n = 0; n < 2; n++) {
        Rig.Answer answer = rig.get(TREE + query, NOBODY);
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(answer.text()).isEqualTo(listing);
      }
    }
    Rig.Answer paths =
        rig.send(
            rig.app().uri(),
            new Rig.Call(
                "POST",
                "/api/models/acme/open/paths-info/main",
                "",
                "{\"paths\":[\"weights.bin\"]}"),
            NOBODY);
    assertThat(paths.status()).isEqualTo(200);
    assertThat(paths.text()).contains("\"path\":\"weights.bin\"");
    filesLoad();
  }

  @Test
  void once_the_listing_is_known_again_it_is_kept() {
    rig.hub
        .faults()
        .on(Route.TREE)
        .always()
        .status(200, JSON, withKnownFile("{'type':'symlink','path':'l'}"));
    filesLoad();
    rig.settle();
    rig.hub.faults().clear();
    rig.clock.pass(Duration.ofMinutes(2));
    rig.restart();
    assertThat(rig.get(TREE, NOBODY).text()).contains("weights.bin");
    rig.settle();
    rig.hub.goDark();
    assertThat(rig.get(TREE, NOBODY).text()).contains("weights.bin").doesNotContain("symlink");
  }
}
