package io.intrahub.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.intrahub.config.ConfigException.Problem;
import io.intrahub.hub.RepoPattern;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How {@code access.rules} are read, and what is said about rules that can't be. */
class YamlRulesTest {
  private static final String HEAD =
      "access:\n  mode: service\n  service-token-file: t\n  rules:\n";

  private static RepoPattern pattern(String text) {
    return RepoPattern.parse(text).orElseThrow();
  }

  @Test
  void the_example_of_the_documentation_is_read() throws Exception {
    Config config =
        read(
            HEAD
                + """
                    - tokens: [ci]
                      repos: ["acme/*", "meta-llama/*"]
                      gated: true
                      private: true
                    - clients: [10.0.0.0/8, "fd00::/8"]
                      repos:
                        - "*/*"
                        - "*"
                        - "datasets/*/*"
                """);

    assertThat(config.access().mode()).isEqualTo(AccessOptions.Mode.SERVICE);
    assertThat(config.access().serviceTokenFile()).contains(Path.of("t"));
    assertThat(config.access().rules())
        .containsExactly(
            new RuleOptions(
                List.of(),
                List.of("ci"),
                List.of(pattern("acme/*"), pattern("meta-llama/*")),
                true,
                true),
            new RuleOptions(
                List.of("10.0.0.0/8", "fd00::/8"),
                List.of(),
                List.of(pattern("*/*"), pattern("*"), pattern("datasets/*/*")),
                false,
                false));
  }

  @Test
  void a_problem_names_the_line_the_rule_and_the_key() {
    assertThat(
            problems(
                HEAD
                    + """
                        - repos: ["acme/*"]
                          gated: yes
                          gatet: true
                        - clients: [10.0.0.0/33, 10.0.0.1]
                          tokens: ci
                          repos: ["acme/**", ~, [x], {a: b}]
                        - tokens: []
                          clients: ["a b"]
                          repos: []
                        - gated: true
                          gated: true
                        - acme/*
                        - [a]
                        -
                        - tokens: ["-x"]
                          repos: [gpt2]
                          private: [true]
                          gated:
                    """))
        .containsExactly(
            "f:6: access.rules: rule 1: gated: expected true or false; found \"yes\"",
            "f:7: access.rules: rule 1: gatet: unknown key; did you mean gated?; a rule has the"
                + " keys clients, tokens, repos, gated, private",
            "f:8: access.rules: rule 2: clients: expected an IP address, or a network such as"
                + " 10.0.0.0/8; found \"10.0.0.0/33\"",
            "f:9: access.rules: rule 2: tokens: expected a list in brackets, or one element per"
                + " line after a hyphen; found \"ci\"",
            "f:10: access.rules: rule 2: repos: expected a pattern of repos such as acme/*,"
                + " datasets/acme/* or gpt2; found \"acme/**\"",
            "f:10: access.rules: rule 2: repos: expected a pattern of repos such as acme/*,"
                + " datasets/acme/* or gpt2; found \"~\"",
            "f:10: access.rules: rule 2: repos: expected a pattern of repos such as acme/*,"
                + " datasets/acme/* or gpt2; found a list",
            "f:10: access.rules: rule 2: repos: expected a pattern of repos such as acme/*,"
                + " datasets/acme/* or gpt2; found a group of options",
            "f:11: access.rules: rule 3: tokens: is an empty list; leave the key out, or write an"
                + " element",
            "f:12: access.rules: rule 3: clients: expected an IP address, or a network such as"
                + " 10.0.0.0/8; found \"a b\"",
            "f:13: access.rules: rule 3: repos: is an empty list; leave the key out, or write an"
                + " element",
            "f:15: access.rules: rule 4: gated: is already set in this rule; remove one of the two",
            "f:14: access.rules: rule 4: has no repos, so it would match nothing; write repos:"
                + " [\"*/*\"] for all models",
            "f:16: access.rules: rule 5: expected keys such as \"repos:\"; found \"acme/*\"; a rule"
                + " has the keys clients, tokens, repos, gated, private",
            "f:17: access.rules: rule 6: expected keys such as \"repos:\"; found a list; a rule"
                + " has the keys clients, tokens, repos, gated, private",
            "f:18: access.rules: rule 7: expected keys such as \"repos:\"; found nothing; a rule"
                + " has the keys clients, tokens, repos, gated, private",
            "f:19: access.rules: rule 8: tokens: expected the name of a local token; found \"-x\"",
            "f:21: access.rules: rule 8: private: expected true or false; found a list",
            "f:22: access.rules: rule 8: gated: expected true or false; found nothing");
  }

  @Test
  void aliases_are_refused_in_rules_too() {
    assertThat(
            problems(
                HEAD
                    + """
                        - repos: &r ["acme/*"]
                          gated: &g true
                        - repos: *r
                          gated: *g
                          tokens: [&t ci, *t]
                        - *r
                    """))
        .allMatch(problem -> problem.contains("found an alias"))
        .hasSize(4);
  }

  @Test
  void only_a_file_can_express_rules() {
    assertThat(
            failure(Map.of("INTRAHUB_ACCESS_RULES", "acme/*")).problems().stream()
                .map(Problem::toString))
        .containsExactly(
            "INTRAHUB_ACCESS_RULES: expected a list of rules, which only the YAML file can express;"
                + " found \"acme/*\"");
    assertThat(problems("access: {rules: all}"))
        .singleElement()
        .asString()
        .contains("expected a list of rules");
    assertThat(problems("access: {rules: {repos: [x]}}"))
        .singleElement()
        .asString()
        .contains("found a group of options");
  }

  @Test
  void no_rules_may_be_written_as_nothing() throws Exception {
    for (String text : List.of("access: {rules: []}", "access:\n  rules:\n", "access: {}")) {
      assertThat(read(text).access()).isEqualTo(Config.defaults().access());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          mode: service | f:1: access.mode: access.mode is service, but there is no token to use
          service-token-file: t | f:1: access.service-token-file: the mirror has a token of its own, which only access.mode: service uses
          service-token: t | f:1: access.service-token: the mirror has a token of its own
          mode: service, service-token: t, service-token-file: t | f:1: access.service-token-file: access.service-token-file and access.service-token are both set
          mode: public-only, rules: [{repos: [x]}] | f:1: access.rules: access.rules have an effect only with access.mode: service
          rules: [{repos: [x]}] | f:1: access.rules: access.rules have an effect only with access.mode: service
          grant-ttl: 2h | f:1: access.grant-ttl: access.grant-ttl is longer than access.grant-grace
          """)
  void options_that_do_not_go_together_are_told(String options, String expected) {
    assertThat(problems("access: {" + options + "}"))
        .singleElement()
        .asString()
        .startsWith(expected);
  }

  @Test
  void the_token_of_the_mirror_comes_from_the_environment_and_is_never_shown() throws Exception {
    String secret = "hf_s3cret";
    Map<String, String> environment =
        Map.of("INTRAHUB_ACCESS_MODE", "service", "INTRAHUB_ACCESS_SERVICE_TOKEN", secret);
    Config config = ConfigLoader.load(Optional.empty(), environment, Map.of());

    assertThat(config.access().serviceToken().orElseThrow().reveal()).isEqualTo(secret);
    assertThat(config.toString()).contains("***").doesNotContain(secret);
    assertThat(failure(Map.of("INTRAHUB_ACCESS_SERVICE_TOKEN", "two words")).getMessage())
        .contains("expected a token")
        .doesNotContain("two words");
  }

  private static Config read(String text) throws ConfigException {
    ConfigSources sources = new ConfigSources();
    YamlFile.read("f", text, sources);
    return sources.finish();
  }

  private static List<String> problems(String text) {
    ConfigException e = catchThrowableOfType(ConfigException.class, () -> read(text));
    assertThat(e).as("the file was taken").isNotNull();
    return e.problems().stream().map(Problem::toString).toList();
  }

  private static ConfigException failure(Map<String, String> environment) {
    return catchThrowableOfType(
        ConfigException.class, () -> ConfigLoader.load(Optional.empty(), environment, Map.of()));
  }
}
