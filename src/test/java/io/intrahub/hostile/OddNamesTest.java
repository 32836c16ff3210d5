package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names that git allows and few people use: none of them is dropped without a word. */
class OddNamesTest {
  private static final String TREE = "/api/models/acme/odd/tree/main?recursive=true";
  private static final String LFS = "weights\\part.bin";
  private static final String SMALL = "d/conf\\a.json";
  private static final String BELL = "ring\u0007.txt";
  private static final String REORDERED = "exe\u202etxt.bin";

  private static final String UP = "up\\..\\x.txt";
  private static final String QUOTED = "say \"x\".txt";
  private static final String LONG = ("n".repeat(240) + "/").repeat(8) + "n".repeat(240);

  /** Files, folders of the long name, and the folder of the small file. */
  private static final int ENTRIES = 8 + 8 + 1;

  @TempDir private Path data;
  private final DevFile large = DevFile.lfsGenerated(5, 30_000);
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    Map<String, DevFile> files = new LinkedHashMap<>();
    files.put(LFS, large);
    files.put(SMALL, DevFile.text("{}"));
    files.put(BELL, DevFile.text("bell"));
    files.put(REORDERED, DevFile.text("reordered"));
    files.put(UP, DevFile.text("up"));
    files.put(QUOTED, DevFile.text("quoted"));
    files.put(LONG, DevFile.text("long"));
    files.put("plain.txt", DevFile.text("plain"));
    rig.hub.repo("model", "acme/odd").commit("Add them", files);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private Rig.Answer get(String target) {
    return rig.get(target, Optional.empty());
  }

  @Test
  void the_listing_and_repo_info_name_them_all() {
    for (String target : new String[] {TREE, "/api/models/acme/odd"}) {
      Rig.Answer answer = get(target);
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      assertThat(answer.text())
          .contains("weights\\\\part.bin", "d/conf\\\\a.json", "plain.txt")
          .contains("up\\\\..\\\\x.txt", "say \\\"x\\\".txt", '"' + LONG + '"')
          .containsIgnoringCase("ring\\u0007.txt")
          .containsPattern("exe(\u202e|\\\\u202[eE])txt.bin");
    }
  }

  @Test
  void a_file_with_a_backslash_in_its_name_loads_cold_warm_and_without_the_hub() {
    for (int round = 0; round < 3; round++) {
      Rig.Answer first = get("/acme/odd/resolve/main/weights%5Cpart.bin");
      assertThat(first.status()).as(first.text()).isEqualTo(200);
      assertThat(first.body()).isEqualTo(large.allBytes());
      assertThat(get("/acme/odd/resolve/main/d/conf%5Ca.json").text()).isEqualTo("{}");
      assertThat(get(TREE).status()).isEqualTo(200);
      await().until(() -> rig.app().runningTasks() == 0);
      if (round == 0) {
        rig.hub.counters().reset();
      } else if (round == 1) {
        assertThat(rig.hub.counters().requests()).isZero();
        rig.hub.goDark();
      }
    }
  }

  @Test
  void a_name_with_a_backslash_that_is_not_there_is_not_found() {
    assertThat(get(TREE).status()).isEqualTo(200);
    Rig.Answer answer = get("/acme/odd/resolve/main/weights%5Cother.bin");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.header("x-error-code")).contains("EntryNotFound");
  }

  @ParameterizedTest
  @CsvSource({
    "ring%07.txt, control character",
    "exe%E2%80%AEtxt.bin, forbidden character",
    "up%5C..%5Cx.txt, leads out of its folder on Windows"
  })
  void what_can_not_be_served_is_refused_with_a_reason(String name, String reason) {
    expectRefused(name, reason);
  }

  @Test
  void a_name_that_is_too_long_is_refused_with_a_reason() {
    expectRefused(LONG, "longer than 2048 bytes");
  }

  /** Python clients ask by HEAD first, and show the reason of its header. */
  private void expectRefused(String name, String reason) {
    String target = "/acme/odd/resolve/main/" + name;
    for (String method : new String[] {"GET", "HEAD"}) {
      Rig.Answer answer =
          rig.send(rig.app().uri(), new Rig.Call(method, target, "", ""), Optional.empty());
      assertThat(answer.status()).as(method).isEqualTo(400);
      assertThat(answer.header("x-error-message"))
          .as(method)
          .hasValueSatisfying(text -> assertThat(text).contains(reason));
    }
    assertThat(get(target).text()).contains("\"error\":").contains(reason);
  }

  @Test
  void what_can_not_be_served_is_described() {
    assertThat(get(TREE).status()).isEqualTo(200);
    Rig.Answer answer =
        rig.send(
            rig.app().uri(),
            new Rig.Call(
                "POST",
                "/api/models/acme/odd/paths-info/main",
                "",
                "{\"paths\":[\"up\\\\..\\\\x.txt\",\"%s\"]}".formatted(LONG)),
            Optional.empty());
    assertThat(answer.text()).contains("up\\\\..\\\\x.txt", '"' + LONG + '"');
  }

  @Test
  void pages_of_a_listing_go_on_behind_an_odd_name() {
    StringBuilder all = new StringBuilder();
    String target = TREE + "&limit=1";
    for (int page = 0; page < 2 * ENTRIES && !target.isEmpty(); page++) {
      Rig.Answer answer = get(target);
      all.append(answer.text());
      target =
          answer
              .header("link")
              .map(l -> l.substring(l.indexOf("/api/"), l.indexOf('>')))
              .orElse("");
    }
    assertThat(all.toString()).containsOnlyOnce("weights\\\\part.bin").contains("plain.txt");
    assertThat(all.toString().split("\"path\"", -1)).hasSize(1 + ENTRIES);
  }
}
