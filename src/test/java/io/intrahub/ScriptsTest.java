package io.intrahub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How {@code ./intrahub} and {@code ./check} find a JDK, with made-up ones. */
class ScriptsTest {
  private static final Path JDK_SH = Path.of("src/main/sh/jdk.sh").toAbsolutePath();

  @TempDir Path tmp;
  private Path usual;
  private Path path;

  @BeforeEach
  void an_empty_machine() throws IOException {
    usual = Files.createDirectories(tmp.resolve("usual folders"));
    path = Files.createDirectories(tmp.resolve("path"));
    // The programs that the script uses, and no java.
    for (String tool : List.of("sed", "head", "readlink", "dirname")) {
      for (String bin : List.of("/bin/", "/usr/bin/")) {
        if (Files.exists(Path.of(bin + tool)) && !Files.exists(path.resolve(tool))) {
          Files.createSymbolicLink(path.resolve(tool), Path.of(bin + tool));
        }
      }
    }
  }

  @Test
  void java_home_comes_first() throws Exception {
    jdk(usual.resolve("a"), "25.0.1");
    Path mine = jdk(tmp.resolve("mine"), "26-ea");

    assertThat(find(Map.of("JAVA_HOME", mine.toString()))).isEqualTo("0 " + mine);
  }

  @Test
  void a_java_home_that_is_too_old_is_passed_over() throws Exception {
    Path old = jdk(tmp.resolve("old"), "17.0.15");
    Path good = jdk(usual.resolve("good"), "25.0.1");

    assertThat(find(Map.of("JAVA_HOME", old.toString()))).isEqualTo("0 " + good);
  }

  @Test
  void java_on_the_path_is_followed_to_its_jdk() throws Exception {
    Path home = jdk(tmp.resolve("jdk-25"), "25");
    Files.createSymbolicLink(tmp.resolve("current"), Path.of("jdk-25"));
    Files.createSymbolicLink(path.resolve("java"), tmp.resolve("current/bin/java"));

    assertThat(find(Map.of())).startsWith("0 ").endsWith("/current");
    assertThat(tmp.resolve("current").toRealPath()).isEqualTo(home.toRealPath());
  }

  @Test
  void of_the_usual_folders_the_lowest_that_is_new_enough_is_taken() throws Exception {
    jdk(usual.resolve("a"), "27.0.1");
    Path best = jdk(usual.resolve("b"), "25.0.3");
    jdk(usual.resolve("c"), "21.0.9");
    jdk(usual.resolve("d"), "1.8.0_402");

    assertThat(find(Map.of())).isEqualTo("0 " + best);
  }

  @Test
  void a_java_without_a_compiler_is_not_enough() throws Exception {
    Path runtime = jdk(usual.resolve("jre"), "25.0.1");
    Files.delete(runtime.resolve("bin/javac"));

    assertThat(find(Map.of("JAVA_HOME", runtime.toString())))
        .startsWith("78 intrahub: needs a JDK 25 or newer")
        .contains("JAVA_HOME (" + runtime + ": Java 25 without javac)");
  }

  @Test
  void without_a_jdk_one_line_says_what_to_do_and_where_was_looked() throws Exception {
    Path old = jdk(tmp.resolve("jdk8"), "1.8.0_402");
    Files.createSymbolicLink(path.resolve("java"), old.resolve("bin/java"));

    assertThat(find(Map.of()))
        .startsWith("78 intrahub: needs a JDK 25 or newer and found none. Install one")
        .contains("JAVA_HOME (not set)", "java on PATH (" + path.resolve("java") + ": Java 8)")
        .doesNotContain("\n");
  }

  /** Asks the script, as {@code ./intrahub} does: its exit status and JAVA_HOME or its message. */
  private String find(Map<String, String> environment) throws Exception {
    Map<String, String> env = new TreeMap<>(environment);
    env.put("PATH", path.toString());
    env.put("HOME", tmp.toString());
    env.put("USUAL", usual.toString());
    ProcessBuilder builder =
        new ProcessBuilder(
            "/bin/sh",
            "-euc",
            """
            . "$0"
            jdk_folders() { for d in "$USUAL"/*; do printf '%s\\n' "$d"; done; }
            rc=0
            find_jdk intrahub >"$HOME/out" 2>&1 || rc=$?
            [ "$rc" -ne 0 ] || printf '%s\\n' "$JAVA_HOME" >>"$HOME/out"
            printf '%s ' "$rc"
            while IFS= read -r line; do printf '%s\\n' "$line"; done <"$HOME/out"
            """,
            JDK_SH.toString());
    builder.environment().clear();
    builder.environment().putAll(env);
    Process process = builder.redirectErrorStream(true).start();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return new String(process.getInputStream().readAllBytes()).strip();
  }

  private static Path jdk(Path home, String version) throws IOException {
    Files.createDirectories(home.resolve("bin"));
    for (String program : List.of("java", "javac")) {
      Path file = Files.createFile(home.resolve("bin").resolve(program));
      assertThat(file.toFile().setExecutable(true)).isTrue();
    }
    // The date stands before the version, as in real files, and must not be taken for it.
    Files.writeString(
        home.resolve("release"),
        "JAVA_VERSION_DATE=\"2026-04-21\"\nJAVA_VERSION=\"" + version + "\"\n");
    return home;
  }
}
