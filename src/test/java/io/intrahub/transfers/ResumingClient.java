package io.intrahub.transfers;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.PythonClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/** A real client that goes on where its last call broke off. */
interface ResumingClient {
  /** Loads {@code big.bin}, or as much as it can; true when it says that it has it whole. */
  boolean load(URI mirror, String repo);

  /** Where it is then. */
  Path file();

  static ResumingClient curl(Path tmp) throws IOException {
    Path file = Files.createTempDirectory(tmp, "curl").resolve("big.bin");
    return new ResumingClient() {
      @Override
      public boolean load(URI mirror, String repo) {
        try {
          Process curl =
              new ProcessBuilder(
                      "curl",
                      "-q",
                      "-sSf",
                      "--noproxy",
                      "*",
                      "-C",
                      "-",
                      "-o",
                      file.toString(),
                      mirror + "/" + repo + "/resolve/main/big.bin")
                  .redirectErrorStream(true)
                  .start();
          curl.getInputStream().transferTo(System.err);
          return curl.waitFor() == 0;
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new AssertionError(e);
        }
      }

      @Override
      public Path file() {
        return file;
      }

      @Override
      public String toString() {
        return "curl";
      }
    };
  }

  static ResumingClient hf(Path tmp) throws IOException {
    Path home = Files.createTempDirectory(tmp, "hf");
    PythonClient python = new PythonClient("hf-2.4.0", tmp);
    return new ResumingClient() {
      @Override
      public boolean load(URI mirror, String repo) {
        ClientResult result =
            python
                .call()
                .inHome(home)
                .endpoint(mirror)
                .timeout(Duration.ofMinutes(5))
                .hf("download", repo, "big.bin");
        return result.exitCode() == 0;
      }

      @Override
      public Path file() {
        try (Stream<Path> all = Files.walk(home)) {
          return all.filter(f -> f.getParent().getFileName().toString().equals("blobs"))
              .filter(Files::isRegularFile)
              .findFirst()
              .orElseThrow(() -> new AssertionError("no blob in " + home));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }

      @Override
      public String toString() {
        return "hf download";
      }
    };
  }
}
