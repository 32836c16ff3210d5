package io.intrahub.abuse;

import io.intrahub.devhub.DevHub;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;

/**
 * The Hub behind the mirror in a process of its own: what it does for attackers must not slow down
 * the honest client, who is measured.
 */
final class HubProcess implements AutoCloseable {
  private final JavaProcess process;
  private final URI uri;

  private HubProcess(JavaProcess process, URI uri) {
    this.process = process;
    this.uri = uri;
  }

  /** Starts it, and waits until everything is there. */
  static HubProcess start(long seed) throws IOException {
    JavaProcess process =
        JavaProcess.start(
            0,
            List.of("-Xmx2g", "-Dintrahub.abuse.files=" + Site.WIDE_FILES),
            Main.class,
            Long.toString(seed));
    String line = process.receive();
    while (!line.startsWith("http://")) {
      line = process.receive();
    }
    return new HubProcess(process, URI.create(line));
  }

  URI uri() {
    return uri;
  }

  /** The processor time that it has used. */
  Duration cpu() {
    return process.cpu();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.close();
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
