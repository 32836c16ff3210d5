package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Options of the made-up Hub that are refused before it starts. */
class DevHubCommandTest {
  @ParameterizedTest
  @ValueSource(strings = {"--bandwidth", "--total-bandwidth", "--file"})
  void a_size_that_is_none_is_refused_with_its_option(String option) {
    for (String text : new String[] {"5x", "", "0", "10M"}) {
      DevHubCommand command = new DevHubCommand();
      new CommandLine(command).parseArgs(option, text, "--port", "0", "--cdn-port", "0");
      assertThatThrownBy(command::call)
          .isInstanceOf(ParameterException.class)
          .hasMessageContaining(option + ": \"" + text + "\"");
    }
  }
}
