package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** {@code intrahub completion}: the script for the shell. */
class CompletionCommandTest {
  @Test
  void the_script_completes_commands_and_their_options() {
    StringWriter out = new StringWriter();

    int status = Main.commandLine().setOut(new PrintWriter(out)).execute("completion");

    assertThat(status).isZero();
    assertThat(out.toString())
        .startsWith("#!/usr/bin/env bash")
        .containsPattern("local commands=\".*\\bserve\\b.*\\bdu\\b.*\"")
        .contains("'--hf-cache'", "function _picocli_intrahub_ls()")
        .containsPattern("complete -F _complete_intrahub .*intrahub");
  }
}
