package io.intrahub.abuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A class of this package that runs in a process of its own, reads commands from its standard
 * input, one a line, and ends when that ends. Not safe for use by several threads.
 */
final class JavaProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader out;
  private final Writer in;

  private JavaProcess(Process process) {
    this.process = process;
    this.out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    this.in = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
  }

  /**
   * Starts a process.
   *
   * @param niceness how far it steps back for other processes when processors are short: 0 for not
   *     at all, 19 for as far as the system allows
   * @param options of the JVM
   * @param main has the main method
   */
  static JavaProcess start(int niceness, List<String> options, Class<?> main, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("nice", "-n", Integer.toString(niceness)));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return new JavaProcess(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /** Sends one line. */
  void send(String line) throws IOException {
    in.write(line + "\n");
    in.flush();
  }

  /** Waits for one line. */
  String receive() throws IOException {
    String line = out.readLine();
    assertThat(line).as("a line from the process %d", process.pid()).isNotNull();
    return line;
  }

  /** The processor time that it has used. */
  Duration cpu() {
    return cpu(process.toHandle());
  }

  /** The processor time that a process has used, zero where the system does not say. */
  static Duration cpu(ProcessHandle process) {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    in.close();
    assertThat(process.waitFor()).as("exit status of the process").isZero();
  }
}
