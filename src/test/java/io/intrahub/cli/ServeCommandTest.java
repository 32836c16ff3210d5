package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.config.ConfigLoader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@code serve} prints when it has started. */
class ServeCommandTest {
  private static List<String> greeting(String... endpoints) throws Exception {
    AppSettings settings =
        AppSettingsFactory.of(
            ConfigLoader.load(
                Optional.empty(),
                Map.of(),
                Map.of(
                    "upstream.endpoints", List.of(endpoints), "server.host", List.of("10.0.0.5"))),
            Map.of());
    StringWriter printed = new StringWriter();
    ServeCommand.greet(new PrintWriter(printed), settings, 8090, 8091);
    return printed.toString().lines().toList();
  }

  @Test
  void it_says_which_endpoint_receives_the_tokens_of_clients() throws Exception {
    assertThat(greeting("https://huggingface.co", "https://mirror.example"))
        .contains("Tokens:   those of clients are sent to https://huggingface.co only");
  }

  @Test
  void it_says_if_no_endpoint_receives_tokens_and_what_to_do() throws Exception {
    assertThat(greeting("https://mirror.example"))
        .anySatisfy(line ->
            assertThat(line)
                .startsWith("Tokens:   none are sent to upstream")
                .contains("#send-tokens"));
  }

  @Test
  void it_says_where_clients_and_the_operator_find_it() throws Exception {
    assertThat(greeting("https://huggingface.co"))
        .contains("Clients:  HF_ENDPOINT=http://10.0.0.5:8090")
        .anySatisfy(
            line -> assertThat(line).startsWith("Operator: http://").contains(":8091/status"));
  }
}
