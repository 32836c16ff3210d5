package io.intrahub.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which endpoints of upstream receive tokens, and which decide who may read what. */
class EndpointOptionsTest {
  @TempDir Path folder;

  private static List<String> rolesOf(List<EndpointOptions> endpoints) {
    return endpoints.stream()
        .map(e ->
            (e.decidesIn(endpoints) ? "authoritative" : "not authoritative")
                + (e.receivesTokens() ? ", tokens" : ", no tokens"))
        .toList();
  }

  private static List<String> roles(String endpoints) throws ConfigException {
    return rolesOf(
        ConfigLoader.load(
                Optional.empty(),
                Map.of(),
                Map.of("upstream.endpoints", List.of(endpoints.split(" "))))
            .upstream()
            .endpoints());
  }

  private List<String> rolesInFile(String endpoints) throws Exception {
    return rolesOf(
        ConfigLoader.load(Optional.of(file(endpoints)), Map.of(), Map.of()).upstream().endpoints());
  }

  private Path file(String endpoints) throws Exception {
    return Files.writeString(
        folder.resolve("intrahub.yaml"), "upstream:\n  endpoints:\n" + endpoints.indent(4));
  }

  private List<String> problems(String endpoints) throws Exception {
    List<String> problems = new ArrayList<>();
    try {
      rolesInFile(endpoints);
    } catch (ConfigException e) {
      e.problems().forEach(p -> problems.add(p.toString().replace(folder + "/intrahub.yaml", "f")));
    }
    return problems;
  }

  @Test
  void the_hub_receives_tokens_and_decides() throws ConfigException {
    assertThat(rolesOf(Config.defaults().upstream().endpoints()))
        .containsExactly("authoritative, tokens");
    assertThat(roles("https://hf-mirror.example https://huggingface.co"))
        .containsExactly("not authoritative, no tokens", "authoritative, tokens");
  }

  @ParameterizedTest
  @CsvSource({
    "https://hf-mirror.example",
    "http://huggingface.co",
    "https://huggingface.co.example",
    "https://example/huggingface.co",
    "http://127.0.0.1:8090"
  })
  void nobody_else_receives_tokens_but_alone_it_decides_what_is_public(String endpoint)
      throws ConfigException {
    assertThat(roles(endpoint)).containsExactly("authoritative, no tokens");
    assertThat(roles(endpoint + " https://other.example"))
        .containsExactly("authoritative, no tokens", "not authoritative, no tokens");
  }

  @Test
  void who_is_trusted_with_tokens_decides_too() throws Exception {
    assertThat(roles("https://a.example https://b.example/hf#send-tokens"))
        .containsExactly("not authoritative, no tokens", "authoritative, tokens");
    assertThat(
            rolesInFile(
                """
                - https://a.example
                - {url: https://b.example, send-tokens: true}
                - {url: https://c.example#send-tokens, authoritative: false}
                - {url: https://d.example, authoritative: true}
                - url: https://huggingface.co
                  send-tokens: false
                """))
        .containsExactly(
            "not authoritative, no tokens",
            "authoritative, tokens",
            "not authoritative, tokens",
            "authoritative, no tokens",
            "not authoritative, no tokens");
  }

  @Test
  void the_address_goes_without_what_was_said_about_it() throws ConfigException {
    assertThat(
            ConfigLoader.load(
                    Optional.empty(),
                    Map.of("INTRAHUB_UPSTREAM_ENDPOINTS", "https://a.example/hf#send-tokens"),
                    Map.of())
                .upstream()
                .endpoints())
        .extracting(e -> e.address().toString())
        .containsExactly("https://a.example/hf");
  }

  @Test
  void mistakes_in_the_file_are_told_with_their_lines() throws Exception {
    assertThat(
            problems(
                """
                - {url: ftp://a}
                - {send-tokens: true}
                - {url: https://a.example, send-token: true}
                - {url: https://b.example, send-tokens: yes}
                - {url: https://b.example#send-tokens}
                - {url: https://c.example, url: https://c.example}
                """))
        .containsExactly(
            "f:3: upstream.endpoints: url: expected an address such as https://hub.example, without"
                + " user, query or fragment other than #send-tokens; found \"ftp://a\"",
            "f:4: upstream.endpoints: an endpoint has no url; write url: https://hub.example",
            "f:5: upstream.endpoints: send-token: unknown key; did you mean send-tokens?; an endpoint"
                + " has the keys url, authoritative, send-tokens",
            "f:6: upstream.endpoints: send-tokens: expected true or false; found \"yes\"",
            "f:8: upstream.endpoints: url: is already set for this endpoint; remove one of the two",
            "f:2: upstream.endpoints: \"https://b.example\" is listed twice");
  }

  @Test
  void somebody_has_to_decide() throws Exception {
    assertThat(problems("- {url: https://huggingface.co, authoritative: false}\n"))
        .singleElement()
        .asString()
        .contains("no endpoint is authoritative");
  }

  @Test
  void the_mirrors_own_token_needs_somebody_to_receive_it() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("intrahub.yaml"),
            "upstream: {endpoints: [https://a.example]}\n"
                + "access: {mode: service, service-token-file: secret}\n");
    try {
      ConfigLoader.load(Optional.of(file), Map.of(), Map.of());
    } catch (ConfigException e) {
      assertThat(e.problems()).singleElement().asString().contains("#send-tokens");
      return;
    }
    throw new AssertionError("accepted");
  }
}
