package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the packed command does for somebody at a terminal: colours, bars and completion. */
@Timeout(180)
class TerminalIT {
  private static final Duration LIMIT = Duration.ofSeconds(120);

  /** Begins a colour, or moves the cursor. */
  private static final String ESCAPE = "\u001b[";

  @TempDir Path tmp;
  private Path home;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void start() throws IOException {
    home = Files.createDirectory(tmp.resolve("home"));
    environment.put("PATH", CommandOnPath.install(tmp.resolve("bin")));
    environment.put("INTRAHUB_ADMIN_PORT", "0");
    environment.put("TERM", "xterm");
  }

  private ClientResult shell(Map<String, String> further, String line) {
    Map<String, String> env = new HashMap<>(environment);
    env.putAll(further);
    return ClientProcess.shell(List.of(line), env, home, LIMIT);
  }

  private static String onTerminal(String line) {
    return "script -qec '" + line + "' /dev/null";
  }

  @Test
  void there_are_colours_on_a_terminal_only() {
    String help = onTerminal("intrahub --help");
    assertThat(shell(Map.of(), help).expectSuccess().stdout()).contains(ESCAPE);

    assertThat(shell(Map.of(), "intrahub --help").expectSuccess().stdout()).doesNotContain(ESCAPE);
    assertThat(shell(Map.of("NO_COLOR", "1"), help).expectSuccess().stdout())
        .doesNotContain(ESCAPE);
    // One line for each check; some warn or fail here, which colours would show.
    ClientResult doctor = shell(Map.of(), "intrahub doctor --admin-port 1");
    assertThat(doctor.stdout()).contains("warning").doesNotContain(ESCAPE);
  }

  @Test
  void a_pull_draws_a_bar_for_a_large_file() throws Exception {
    try (DevHub hub = DevHub.builder().start()) {
      hub.repo("model", "acme/big")
          .commit(
              "Add it",
              Map.of(
                  "big.bin", DevFile.lfsGenerated(7, 8L << 20),
                  "config.json", DevFile.text("{}\n")));
      environment.put("INTRAHUB_UPSTREAM_ENDPOINTS", hub.uri() + "#send-tokens");
      // The bar stays until it was seen.
      Stall stall = hub.faults().on(Route.CDN).always().stallAfter(3L << 20);
      Process pull =
          ClientProcess.start(
              List.of("sh", "-c", "cd && " + onTerminal("intrahub pull acme/big")),
              environment,
              home);
      String before;
      String after;
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(pull.getInputStream(), StandardCharsets.UTF_8))) {
        before = readTo(out, "big\\.bin +\\d+% \\[=*>? +].* \\d/8MiB .*");
        hub.faults().clear();
        stall.release();
        after = out.lines().collect(Collectors.joining("\n"));
      }

      assertThat(pull.waitFor()).as("%s%n%s", before, after).isZero();
      assertThat(before + after).containsPattern("total +\\d+% \\[").contains(ESCAPE + "J");
      assertThat(after.substring(after.lastIndexOf(ESCAPE))).doesNotContain("%", "[=");
    }
  }

  /** Reads lines to one with this in it, which the command draws again and again. */
  private static String readTo(BufferedReader out, String pattern) throws IOException {
    StringBuilder read = new StringBuilder();
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      read.append(line).append('\n');
      if (line.matches(".*" + pattern)) {
        return read.toString();
      }
    }
    throw new AssertionError("no line has " + pattern + ":\n" + read);
  }

  /** What bash offers for a line whose last word was begun. */
  private List<String> completed(String line) throws IOException {
    Files.writeString(
        home.resolve("complete"),
        """
        . ./completion
        # It sets options of a completion that is asked for with the Tab key.
        compopt() { :; }
        [[ $(complete -p intrahub) == *' -F _complete_intrahub intrahub' ]] || exit
        COMP_LINE=$*
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _complete_intrahub
        printf '%s\\n' "${COMPREPLY[@]}"
        """);
    String bash = "bash --norc --noprofile complete " + line;
    return shell(Map.of(), bash).expectSuccess().stdout().lines().toList();
  }

  @Test
  void bash_completes_a_command_and_an_option() throws IOException {
    shell(Map.of(), "intrahub completion > completion").expectSuccess();

    assertThat(completed("intrahub exp")).containsExactly("export");
    assertThat(completed("intrahub export --hf")).containsExactly("--hf-cache");
  }
}
