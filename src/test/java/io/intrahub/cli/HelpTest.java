package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.intrahub.cli.command.ExitCode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;

/** {@code --help}: what a newcomer reads first. */
class HelpTest {
  private static final int WIDTH = 80;
  private static final Pattern EXAMPLE = Pattern.compile("  intrahub (.*)");
  private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

  /** Options that a command does without, and why. All other commands have them. */
  private static final Map<String, Map<String, String>> WITHOUT =
      Map.of(
          "intrahub serve",
          Map.of("--json", "it has no result: it runs until it is stopped, and writes a log"),
          "intrahub completion",
          Map.of(
              "--config", "the script is the same for every mirror",
              "--data", "the script is the same for every store",
              "--json", "the output is the script that a shell reads"),
          "intrahub demo",
          Map.of(
              "--config", "it shows the defaults, whatever this machine's mirror is configured to",
              "--json", "it has no result: it runs until it is stopped"),
          "intrahub dev-hub",
          Map.of(
              "--config", "it is no mirror and has a few options of its own",
              "--data", "it is no mirror and stores nothing",
              "--json", "it has no result: it runs until it is stopped"));

  /** What a command needs besides options that all commands have. */
  private static final Map<String, List<String>> PARAMETERS =
      Map.of(
          "intrahub token add", List.of("ci"),
          "intrahub token revoke", List.of("ci"),
          "intrahub pull", List.of("gpt2"),
          "intrahub import", List.of("--hf-cache", "hub"),
          "intrahub export", List.of("--hf-cache", "hub", "gpt2"),
          "intrahub rm", List.of("gpt2", "--yes"));

  private static CommandLine top() {
    return Main.commandLine().setUsageHelpAutoWidth(false).setUsageHelpWidth(WIDTH);
  }

  /** All commands, with their subcommands, by their full names. */
  static Stream<String> commands() {
    List<String> names = new ArrayList<>();
    addTo(names, top());
    return names.stream();
  }

  private static void addTo(List<String> names, CommandLine command) {
    names.add(command.getCommandSpec().qualifiedName());
    command.getSubcommands().values().forEach(one -> addTo(names, one));
  }

  /** The commands that do something themselves. */
  static Stream<String> leaves() {
    return commands().filter(name -> command(name).getSubcommands().isEmpty());
  }

  static Stream<String> withJson() {
    return leaves().filter(name -> !WITHOUT.getOrDefault(name, Map.of()).containsKey("--json"));
  }

  private static CommandLine command(String name) {
    CommandLine at = top();
    for (String word : name.split(" ")) {
      at = word.equals("intrahub") ? at : at.getSubcommands().get(word);
    }
    return at;
  }

  private static List<String> help(String name) {
    return command(name).getUsageMessage(Ansi.OFF).lines().toList();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void no_line_is_wider_than_a_terminal(String name) {
    assertThat(help(name)).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(WIDTH));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void a_list_of_commands_has_one_line_for_each(String name) {
    CommandLine command = command(name);
    List<String> list =
        new Help(command.getCommandSpec(), Help.defaultColorScheme(Ansi.OFF))
            .commandList()
            .lines()
            .toList();

    assertThat(list)
        .hasSameSizeAs(command.getSubcommands().keySet())
        .allSatisfy(line -> assertThat(line).endsWith("."));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void the_examples_are_commands_that_exist(String name) {
    String[] footer = command(name).getCommandSpec().usageMessage().footer();

    List<String> examples =
        Arrays.stream(footer)
            .map(EXAMPLE::matcher)
            .filter(java.util.regex.Matcher::matches)
            .map(line -> line.group(1).replaceFirst(" {2,}.*", ""))
            .toList();

    assertThat(examples)
        .allSatisfy(example ->
            assertThatCode(() -> top().parseArgs(words(example)))
                .as(example)
                .doesNotThrowAnyException());
  }

  @ParameterizedTest
  @MethodSource("leaves")
  void each_command_takes_the_file_and_folder_of_the_mirror_and_prints_json(String name) {
    List<String> all = List.of("--config", "--data", "--json");
    Set<String> without = WITHOUT.getOrDefault(name, Map.of()).keySet();

    List<String> options =
        all.stream().filter(command(name).getCommandSpec().optionsMap()::containsKey).toList();

    assertThat(options).isEqualTo(all.stream().filter(one -> !without.contains(one)).toList());
  }

  @Test
  void only_commands_that_exist_do_without_an_option() {
    assertThat(leaves()).containsAll(WITHOUT.keySet());
  }

  @ParameterizedTest
  @MethodSource("leaves")
  void each_command_documents_its_exit_codes(String name) {
    assertThat(command(name).getCommandSpec().usageMessage().exitCodeList())
        .containsKeys("0", "2")
        .allSatisfy((_, meaning) -> assertThat(meaning).isNotBlank());
    assertThat(help(name)).contains("Exit status:");
  }

  /** A failure is said on the standard error, so that what is read as JSON is JSON or nothing. */
  @ParameterizedTest
  @MethodSource("withJson")
  void with_json_a_failure_is_said_too_and_has_its_exit_code(String name) {
    List<String> arguments = new ArrayList<>(List.of(name.split(" ")));
    arguments.removeFirst();
    arguments.addAll(PARAMETERS.getOrDefault(name, List.of()));
    arguments.addAll(List.of("--json", "--config", "/nonexistent/intrahub.yaml"));

    CommandRun ran = CommandRun.of(arguments);

    assertThat(ran.status()).isEqualTo(ExitCode.CONFIG.status());
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err())
        .startsWith("intrahub: ")
        .contains("/nonexistent/intrahub.yaml: the file does not exist")
        .doesNotContain("\tat ");
  }

  private static String[] words(String typed) {
    return WORD.matcher(typed)
        .results()
        .map(word -> word.group(1) == null ? word.group(2) : word.group(1))
        .toArray(String[]::new);
  }

  @Test
  void it_shows_how_a_model_gets_to_a_machine_without_network() {
    String help = String.join("\n", help("intrahub"));

    assertThat(help.substring(help.indexOf("to a machine without network:")))
        .containsSubsequence(
            "intrahub import --hf-cache",
            "intrahub pull ",
            "intrahub export --hf-cache /media/stick/hub",
            "HF_HUB_CACHE=/media/stick/hub HF_HUB_OFFLINE=1");
  }
}
