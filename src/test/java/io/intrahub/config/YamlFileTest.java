package io.intrahub.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.intrahub.config.ConfigException.Problem;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is said about a file that is not as it should be: the line, the key, what was expected. */
class YamlFileTest {
  @Test
  void an_unknown_key_has_its_line_and_the_nearest_known_one() {
    assertThat(
            problems(
                """
                # a comment

                server:
                  host: 0.0.0.0
                  Port: 1
                stor:
                  path: x
                  min-free: 1
                freshness: {revisionTtl: 1s,
                  gated_ttl: 1s}
                transfer:
                  wibble: 1
                """))
        .containsExactly(
            "f:5: server.Port: unknown option; did you mean server.port?",
            "f:6: stor: unknown option; did you mean store?",
            "f:9: freshness.revisionTtl: unknown option; did you mean freshness.revision-ttl?",
            "f:10: freshness.gated_ttl: unknown option; did you mean freshness.gated-ttl?",
            "f:12: transfer.wibble: unknown option");
  }

  @Test
  void an_option_in_the_wrong_place_is_found() {
    assertThat(
            problems(
                """
                port: 1
                server:
                  revision-ttl: 1s
                  upstream:
                    endpoints: []
                server.host: x
                """))
        .containsExactly(
            "f:1: port: unknown option; did you mean server.port or admin.port?",
            "f:3: server.revision-ttl: unknown option; did you mean freshness.revision-ttl?",
            "f:4: server.upstream: unknown option; did you mean upstream?",
            "f:6: server.host: write it on two lines: \"server:\", and below it, indented,"
                + " \"host:\"");
  }

  @Test
  void the_second_of_two_equal_keys_is_refused() {
    assertThat(
            problems(
                """
                server:
                  port: 1
                  port: 2
                store: {path: a}
                store: {path: b}
                """))
        .containsExactly(
            "f:3: server.port: is already set in line 2; remove one of the two",
            "f:5: store: is already set in line 4; remove one of the two");
  }

  @Test
  void a_value_of_another_shape_is_refused() {
    assertThat(
            problems(
                """
                server:
                  port: [1]
                  host: {a: b}
                admin: 8091
                store:
                  path:
                mode: null
                upstream:
                  endpoints:
                    - https://a.example
                    - [b]
                    - ~
                waits: [1]
                """))
        .containsExactly(
            "f:2: server.port: expected a whole number, 0 to 65535; found a list",
            "f:3: server.host: expected a host name or an address, without a port; found a group"
                + " of options",
            "f:4: admin: expected indented options on the lines below it; found \"8091\"",
            "f:6: store.path: expected the path of a folder, without ~; found nothing",
            "f:7: mode: expected online or offline; found nothing",
            "f:11: upstream.endpoints: expected an address such as https://hub.example, without"
                + " user, query or fragment other than #send-tokens; found a list",
            "f:12: upstream.endpoints: expected an address such as https://hub.example, without"
                + " user, query or fragment other than #send-tokens; found \"~\"",
            "f:13: waits: expected indented options on the lines below it; found a list");
  }

  @Test
  void an_element_of_a_list_is_checked() {
    assertThat(problems("upstream: {endpoints: []}"))
        .singleElement()
        .asString()
        .startsWith("f:1: upstream.endpoints: expected at least one value: an address");
    assertThat(problems("upstream: {endpoints: [https://a.example, ftp://b, https://a.example]}"))
        .containsExactly(
            "f:1: upstream.endpoints: expected an address such as https://hub.example, without"
                + " user, query or fragment other than #send-tokens; found \"ftp://b\"",
            "f:1: upstream.endpoints: \"https://a.example\" is listed twice");
  }

  @Test
  void a_forgotten_space_is_seen() {
    assertThat(problems("server:\n  port:8090\n"))
        .containsExactly(
            "f:1: server: expected indented options on the lines below it; found \"port:8090\"; YAML"
                + " requires a space after the colon");
  }

  @Test
  void a_tab_has_its_line_and_what_stands_before_it_is_checked_too() {
    assertThat(problems("server:\n  port: x\n\thost: a\n"))
        .containsExactly(
            "f:2: server.port: expected a whole number, 0 to 65535; found \"x\"",
            "f:3: this line is indented with a tab; YAML requires spaces");
  }

  @Test
  void what_is_not_yaml_has_its_line() {
    assertThat(problems("server:\n  port: 1\n host: a\n"))
        .singleElement()
        .asString()
        .startsWith("f:3: not valid YAML: ");
    assertThat(problems("mode: a: b")).last().asString().startsWith("f:1: not valid");
    assertThat(problems("mode: [1")).last().asString().contains("not valid YAML: ");
    assertThat(problems("mode: \u0001")).singleElement().asString().startsWith("f: not valid");
    assertThat(problems("{[a]: b}")).singleElement().asString().contains("not valid YAML: ");
    assertThat(problems("[".repeat(2000))).isNotEmpty();
  }

  @Test
  void a_list_or_a_text_is_no_configuration() {
    assertThat(problems("- server"))
        .containsExactly(
            "f:1: expected options such as \"server:\" at the start of a line; found a list");
    assertThat(problems("server")).singleElement().asString().endsWith("found \"server\"");
  }

  @Test
  void a_second_document_and_aliases_are_refused() {
    assertThat(problems("mode: online\n---\nserver: {}\n"))
        .containsExactly("f:3: a second YAML document begins here; only one is allowed");
    assertThat(problems("server: {port: &p 1}\nadmin:\n  port: *p\n"))
        .containsExactly("f:3: admin.port: aliases (*p) are not supported; write the value out");
  }

  @Test
  void a_number_in_quotes_is_a_number() throws Exception {
    ConfigSources sources = new ConfigSources();
    YamlFile.read("f", "server: {port: '1001', host: \"::\"}", sources);

    ServerOptions server = sources.finish().server();
    assertThat(server.host()).isEqualTo("::");
    assertThat(server.port()).isEqualTo(1001);
  }

  /** Whatever stands in the file: it is taken or refused with a reason, never anything else. */
  @Test
  void no_text_breaks_the_reader() {
    String alphabet = "server: port{}[],-*&!|>'\"%@`#?\n\n  \t1\u0000\u00e9\ud83d";
    for (long seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      StringBuilder text = new StringBuilder();
      random
          .ints(random.nextInt(60), 0, alphabet.length())
          .forEach(i -> text.append(alphabet.charAt(i)));
      ConfigSources sources = new ConfigSources();
      try {
        YamlFile.read("f", text.toString(), sources);
        sources.finish();
      } catch (ConfigException e) {
        assertThat(e.problems())
            .as("seed %d", seed)
            .isNotEmpty()
            .noneMatch(problem -> problem.toString().contains("\n"));
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + text, e);
      }
    }
  }

  private static List<String> problems(String text) {
    ConfigSources sources = new ConfigSources();
    YamlFile.read("f", text, sources);
    ConfigException e = catchThrowableOfType(ConfigException.class, sources::finish);
    assertThat(e).as("the file was taken").isNotNull();
    return e.problems().stream().map(Problem::toString).toList();
  }
}
