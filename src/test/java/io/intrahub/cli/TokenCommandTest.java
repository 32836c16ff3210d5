package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.TokenHash;
import io.intrahub.base.CacheSizes;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.store.fs.tokens.WatchedTokens;
import io.intrahub.testing.SettableClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code intrahub token}, on the folder of a store that a mirror has open. */
@Timeout(60)
class TokenCommandTest {
  private static final int USAGE = 2;

  @TempDir Path tmp;
  private Path data;
  private FsStore store;

  @BeforeEach
  void openStore() throws Exception {
    data = tmp.resolve("data");
    store =
        FsStore.open(
            data,
            Clock.systemUTC(),
            DiskBudgetSettings.DEFAULT,
            CacheSizes.ofHeap(64 << 20),
            Runnable::run);
  }

  @AfterEach
  void closeStore() {
    store.close();
  }

  private CommandRun token(String... arguments) {
    return tokenIn(data, arguments);
  }

  private static CommandRun tokenIn(Path folder, String... arguments) {
    List<String> all = new ArrayList<>(List.of("token"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--data", folder.toString()));
    return CommandRun.of(all);
  }

  @Test
  void a_running_mirror_takes_a_new_token_and_refuses_a_revoked_one() {
    SettableClock clock = new SettableClock();
    WatchedTokens watched = WatchedTokens.in(data, clock);

    CommandRun added = token("add", "ci", "--repos", "acme/*", "--repos", "datasets/acme/*");
    assertThat(added.status()).isZero();
    assertThat(added.out()).matches("hf_intrahub[A-Za-z0-9]{32}\\R");
    assertThat(added.err()).contains("HF_TOKEN").doesNotContain(added.out().strip());
    TokenHash hash = TokenHash.of(added.out().strip());
    clock.pass(Duration.ofSeconds(1));
    assertThat(watched.identify(hash)).isInstanceOf(LocalCredential.Valid.class);

    assertThat(token("revoke", "ci").status()).isZero();
    clock.pass(Duration.ofSeconds(1));
    assertThat(watched.identify(hash)).isEqualTo(new LocalCredential.Unknown());
  }

  @Test
  void tokens_are_listed_without_what_they_are() {
    assertThat(token("list").out()).contains("no local tokens");
    String text = token("add", "ci", "--repos", "acme/*", "--expires", "90d").out().strip();
    token("add", "night");

    CommandRun list = token("list");
    assertThat(list.status()).isZero();
    assertThat(list.out().lines())
        .hasSize(3)
        .anyMatch(line -> line.matches("ci +20\\S+Z +20\\S+Z +acme/\\*"))
        .anyMatch(line -> line.matches("night +20\\S+Z +never +as the rules say"));
    assertThat(list.out()).doesNotContain(text, TokenHash.of(text).hex());
    JsonNode json = JsonMapper.shared().readTree(token("list", "--json").out());
    assertThat(json.path(0).path("name").asString()).isEqualTo("ci");
    assertThat(json.path(0).path("repos").path(0).asString()).isEqualTo("acme/*");
    assertThat(json.path(0).path("expired").asBoolean()).isFalse();
    assertThat(json.path(1).path("expires").isNull()).isTrue();
    assertThat(json.toString()).doesNotContain(TokenHash.of(text).hex());
  }

  @Test
  void with_json_the_result_of_each_command_is_one_object() {
    CommandRun added = token("add", "ci", "--repos", "acme/*", "--expires", "90d", "--json");

    assertThat(added.expectSuccess().err()).isEmpty();
    JsonNode token = added.json();
    assertThat(token.path("name").asString()).isEqualTo("ci");
    assertThat(token.path("token").asString()).startsWith("hf_intrahub");
    assertThat(token.path("expires").asString()).startsWith("20");
    assertThat(token.path("repos").path(0).asString()).isEqualTo("acme/*");
    assertThat(token.path("note").asString()).contains("access.mode is not service");
    CommandRun again = token("add", "ci", "--json");
    assertThat(again.status()).isEqualTo(TokenCommand.FAILED);
    assertThat(again.out()).isEmpty();
    assertThat(again.err()).contains("called ci already").hasLineCount(1);

    CommandRun revoked = token("revoke", "ci", "--json");
    assertThat(revoked.expectSuccess().err()).isEmpty();
    assertThat(revoked.json().path("revoked").asString()).isEqualTo("ci");
    CommandRun unknown = token("revoke", "ci", "--json");
    assertThat(unknown.status()).isEqualTo(TokenCommand.FAILED);
    assertThat(unknown.out()).isEmpty();
    assertThat(unknown.err()).contains("no local token called ci").hasLineCount(1);
  }

  @Test
  void the_text_of_a_token_is_not_in_the_folder() throws Exception {
    String text = token("add", "ci").out().strip();

    assertThat(Files.readString(data.resolve("access/tokens.json")))
        .contains(TokenHash.of(text).hex())
        .doesNotContain(text);
  }

  @Test
  void a_name_is_given_once_and_can_be_given_again_after_it_was_revoked() {
    assertThat(token("add", "ci").status()).isZero();

    CommandRun again = token("add", "ci");
    assertThat(again.status()).isEqualTo(TokenCommand.FAILED);
    assertThat(again.out()).isEmpty();
    assertThat(again.err()).contains("called ci already").contains("token revoke ci");
    assertThat(token("revoke", "ci").status()).isZero();
    CommandRun unknown = token("revoke", "ci");
    assertThat(unknown.status()).isEqualTo(TokenCommand.FAILED);
    assertThat(unknown.err()).contains("no local token called ci").contains("token list");
    assertThat(token("add", "ci").status()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          add                        | Missing required parameter: 'NAME'
          add a/b                    | 'a/b' is not a name: use at most 64 letters
          add ci --repos acme/**     | --repos: 'acme/**' is not a pattern of repos such as acme/*
          add ci --expires soon      | --expires: 'soon' is not a time such as 12h or 90d
          add ci --expires 0s        | --expires: '0s' is not a time such as 12h or 90d
          ad ci                      | ad: unknown command; did you mean add?
          """)
  void what_was_typed_wrong_is_said_in_one_line(String typed, String said) {
    List<String> arguments = new ArrayList<>(List.of("token"));
    arguments.addAll(List.of(typed.split(" ")));
    CommandRun ran = CommandRun.of(arguments);

    assertThat(ran.status()).isEqualTo(USAGE);
    assertThat(ran.err()).startsWith("intrahub: " + said).hasLineCount(1);
    assertThat(data.resolve("access/tokens.json")).doesNotExist();
  }

  @Test
  void without_a_command_the_commands_are_named() {
    CommandRun ran = CommandRun.of(List.of("token"));

    assertThat(ran.status()).isEqualTo(USAGE);
    assertThat(ran.err()).contains("Name a command: add, list or revoke").hasLineCount(1);
  }

  @Test
  void a_folder_that_is_no_store_stays_as_it_is() {
    CommandRun ran = tokenIn(tmp.resolve("elsewhere"), "add", "ci");

    assertThat(ran.status()).isEqualTo(Main.EX_CONFIG);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).contains("is not a store yet").contains("--data").hasLineCount(1);
    assertThat(tmp.resolve("elsewhere")).doesNotExist();
  }

  @Test
  void a_damaged_file_is_named_and_not_replaced() throws Exception {
    Path file = data.resolve("access/tokens.json");
    Files.writeString(file, "{");

    for (String command : List.of("add", "revoke", "list")) {
      CommandRun ran = command.equals("list") ? token(command) : token(command, "ci");

      assertThat(ran.status()).isEqualTo(Main.EX_CONFIG);
      assertThat(ran.out()).isEmpty();
      assertThat(ran.err()).contains(file.toString(), "restore that file").hasLineCount(1);
    }
    assertThat(file).content().isEqualTo("{");
  }

  @Test
  void the_folder_is_found_with_the_file_of_the_mirror() throws Exception {
    Path config = Files.writeString(tmp.resolve("intrahub.yaml"), "store: {path: " + data + "}\n");

    CommandRun added = CommandRun.of(List.of("token", "add", "ci", "--config", config.toString()));

    assertThat(added.status()).isZero();
    assertThat(added.err()).contains("no effect yet, because access.mode is not service");
    assertThat(token("list").out()).contains("ci");
  }

  @Test
  void a_token_that_no_rule_names_is_pointed_out() throws Exception {
    Path config =
        Files.writeString(
            tmp.resolve("intrahub.yaml"),
            """
            access:
              mode: service
              service-token-file: somewhere
              rules:
                - {tokens: [ci], repos: ["*/*"]}
            """);

    assertThat(token("add", "ci", "--config", config.toString()).err()).doesNotContain("Note");
    assertThat(token("add", "night", "--config", config.toString()).err())
        .contains("no rule of access.rules names night");
  }
}
