package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
