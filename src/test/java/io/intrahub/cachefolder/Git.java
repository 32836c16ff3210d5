package io.intrahub.cachefolder;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the real git, without the configuration of the machine. */
public final class Git {
  private Git() {}

  /** Returns what git prints. */
  public static String run(Path at, String... arguments) throws Exception {
    return runWith("", at, arguments);
  }

  /** The same, with a text as its input. */
  public static String runWith(String input, Path at, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("git", "-c", "user.name=a", "-c", "user.email=a@localhost"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(at.toFile());
    builder.environment().put("GIT_CONFIG_NOSYSTEM", "1");
    builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
    Process process = builder.redirectErrorStream(true).start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said.strip();
  }
}
