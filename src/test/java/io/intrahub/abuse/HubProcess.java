package io.intrahub.abuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevHub;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The Hub behind the mirror in a process of its own: what it does for attackers must not slow down
 * the honest client, who is measured.
 */
final class HubProcess implements AutoCloseable {
  private final Process process;
  private final URI uri;

  private HubProcess(Process process, URI uri) {
    this.process = process;
    this.uri = uri;
  }

  /** Starts it, and waits until everything is there. */
  static HubProcess start(long seed) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx2g",
                "-Dintrahub.abuse.files=" + Site.WIDE_FILES,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                Long.toString(seed))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.startsWith("http://")) {
        return new HubProcess(process, URI.create(line));
      }
    }
    throw new AssertionError("the Hub did not start");
  }

  URI uri() {
    return uri;
  }

  long pid() {
    return process.pid();
  }

  /** It ends when its input does. */
  @Override
  public void close() throws IOException, InterruptedException {
    process.getOutputStream().close();
    assertThat(process.waitFor()).as("the status of the Hub").isZero();
  }

  /** The other process. */
  static final class Main {
    private Main() {}

    public static void main(String[] args) throws IOException {
      try (DevHub hub = DevHub.builder().strict(false).start()) {
        new Site(Long.parseLong(args[0])).build(hub);
        System.out.println(hub.uri());
        System.in.transferTo(OutputStream.nullOutputStream());
      }
    }
  }
}
