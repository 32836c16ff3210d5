package io.intrahub.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class TerminalWriterTest {
  private final StringWriter printed = new StringWriter();
  private final TerminalWriter out = new TerminalWriter(new PrintWriter(printed));

  private String line(String text) {
    out.println(text);
    return printed.toString().stripTrailing();
  }

  @Test
  void escape_sequences_and_invisible_characters_are_shown_and_not_obeyed() {
    assertThat(line("a\u001b[2Jb\u009b1Ac\rd\u0007e\u007ff\u202eg\u001b]0;title\u0007"))
        .isEqualTo("a\\u001b[2Jb\\u009b1Ac\\u000dd\\u0007e\\u007ff\\u202eg\\u001b]0;title\\u0007");
  }

  @Test
  void colours_are_shown_too_because_they_can_hide_text_and_run_on() {
    assertThat(line("\u001b[30mhidden on black\u001b[97m and on white"))
        .isEqualTo("\\u001b[30mhidden on black\\u001b[97m and on white");
  }

  @Test
  void our_own_colours_are_printed_apart_from_what_is_printed_as_a_line() {
    out.print("\u001b[32mok\u001b[0m  ");
    assertThat(line("a\u001b[8mb")).isEqualTo("\u001b[32mok\u001b[0m  a\\u001b[8mb");
  }

  @Test
  void other_text_is_printed_as_it_is_with_its_lines() {
    assertThat(line("größer\t日本 👩‍🔬\nnext line")).isEqualTo("größer\t日本 👩‍🔬\nnext line");
    assertThat(TerminalWriter.oneLine("a\nintrahub: forged")).isEqualTo("a\\nintrahub: forged");
  }

  @Test
  void json_stays_the_same_json() {
    ObjectNode json = JsonMapper.shared().createObjectNode().put("path", "a\u009b\u001b[2J\n");
    out.println(json);

    assertThat(printed.toString()).doesNotContain("\u009b", "\u001b");
    assertThat(JsonMapper.shared().readTree(printed.toString())).isEqualTo(json);
  }
}
