package io.intrahub.clients;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** curl, without the user's settings and proxies, sending each path exactly as it is given. */
public final class CurlClient {
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final Path folder;

  /**
   * @param folder an existing folder for headers and bodies: a {@code @TempDir}
   */
  public CurlClient(Path folder) {
    this.folder = folder;
  }

  /** Skips the test, with the reason, if there is no curl; under CI fails it. */
  public void assumeAvailable() {
    boolean found =
        List.of(System.getenv("PATH").split(":")).stream()
            .anyMatch(p -> Files.isExecutable(Path.of(p, "curl")));
    if (!found) {
      ClientProcess.missing("there is no curl on PATH");
    }
  }

  /** Asks for the address with HEAD; further arguments are curl's. */
  public Answer head(String url, String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.add("--head");
    return get(url, all.toArray(String[]::new));
  }

  /**
   * Asks for the address, by default with GET; further arguments are curl's.
   *
   * @throws AssertionError after a minute
   */
  public Answer get(String url, String... args) {
    try {
      Path own = Files.createTempDirectory(folder, "curl-");
      Path head = Files.createFile(own.resolve("head"));
      Path body = Files.createFile(own.resolve("body"));
      List<String> command =
          new ArrayList<>(List.of("curl", "-q", "-sS", "--noproxy", "*", "--path-as-is"));
      command.addAll(List.of("-D", head.toString(), "-o", body.toString()));
      command.addAll(List.of(args));
      command.add(url);
      ClientResult result = ClientProcess.run(command, Map.of(), own, TIMEOUT);
      String answers = Files.readString(head, StandardCharsets.ISO_8859_1).strip();
      // With redirects or a 100 there are several; the last one is the answer.
      String last = answers.substring(answers.lastIndexOf("\r\n\r\n") + 1).strip();
      return new Answer(result, status(last), headers(last), body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int status(String head) {
    String[] words = head.split("\\s+", 3);
    return words.length < 2 ? 0 : Integer.parseInt(words[1]);
  }

  private static HttpHeaders headers(String head) {
    Map<String, List<String>> map = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    head.lines()
        .skip(1)
        .filter(line -> line.contains(":"))
        .forEach(line ->
            map.computeIfAbsent(line.substring(0, line.indexOf(':')), k -> new ArrayList<>())
                .add(line.substring(line.indexOf(':') + 1).strip()));
    return HttpHeaders.of(map, (name, value) -> true);
  }

  /**
   * What curl got.
   *
   * @param process how curl itself ended: 18 means that bytes were missing, 52 and 56 that the
   *     connection broke
   * @param status of the last answer; 0 if none came
   * @param file the body, as far as it came
   */
  public record Answer(ClientResult process, int status, HttpHeaders headers, Path file) {

    /** The value of a header, or "" if it is not there. */
    public String header(String name) {
      return headers.firstValue(name).orElse("");
    }

    public byte[] bytes() {
      try {
        return Files.readAllBytes(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    public String text() {
      return new String(bytes(), StandardCharsets.UTF_8);
    }
  }
}
