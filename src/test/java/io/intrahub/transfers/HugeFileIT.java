package io.intrahub.transfers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.CurlClient;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files larger than any memory, with 256 MiB of heap. The digests were computed once by {@code
 * DigestByHand}.
 *
 * <p>Ranges are of a file of 60 GB; the file that is loaded whole has 4.4, more than 32 bits count.
 * {@code -Dintrahub.huge.whole=60} loads the 60 GB whole, which takes minutes and 64 GB of free
 * disk.
 */
class HugeFileIT {
  private static final DevFile SIXTY =
      DevFile.lfsGenerated(
          60, 60_000_000_000L, "e3bda4e2c800cae92f5c281331ade188d7cd4ac26cf848ef4ebc4870776005bf");
  private static final DevFile BEYOND_32_BITS =
      DevFile.lfsGenerated(
          4, 4_400_000_000L, "607e8d98747ad5ac7d4b1d61bf6ec593e310ebab37acffa215638d9f94daebc6");

  /** The file that is loaded whole. */
  private static final DevFile WHOLE =
      Integer.getInteger("intrahub.huge.whole", 4) == 60 ? SIXTY : BEYOND_32_BITS;

  private static final long RUN = 16L << 20;

  /** What the store leaves free by itself, and what others on the machine may need meanwhile. */
  private static final long SPARE = 4_000_000_000L;

  @TempDir private Path tmp;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private DevHub hub;
  private MirrorProcess mirror;

  @BeforeEach
  void start() throws Exception {
    hub = DevHub.builder().start();
    hub.repo("model", "acme/huge").commit("main", "60 GB", Map.of("sixty.bin", SIXTY));
    mirror =
        MirrorProcess.serve(
            tmp.resolve("data"), hub.uri(), Files.createFile(tmp.resolve("log")), List.of());
  }

  @AfterEach
  void stop() throws Exception {
    try {
      mirror.close();
      hub.close();
    } finally {
      // At once, whatever has failed: other tests need the disk.
      delete(tmp.resolve("data"));
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static void say(String form, Object... values) {
    System.out.printf(Locale.ROOT, "HugeFileIT: " + form + "%n", values);
  }

  @Test
  void the_head_of_60_GB_costs_no_content() throws Exception {
    HttpResponse<Void> head =
        http.send(
            HttpRequest.newBuilder(mirror.uri().resolve("/acme/huge/resolve/main/sixty.bin"))
                .HEAD()
                .build(),
            HttpResponse.BodyHandlers.discarding());
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.headers().firstValueAsLong("Content-Length")).hasValue(SIXTY.size());
    assertThat(head.headers().firstValue("ETag")).contains("\"" + SIXTY.sha256() + "\"");
    assertThat(hub.counters().requests(Route.CDN)).isZero();
  }

  @Test
  void ranges_near_the_end_of_60_GB_fetch_only_their_run() throws Exception {
    long size = SIXTY.size();
    for (String range :
        List.of(
            "bytes=" + (size - 5_000_000) + "-" + (size - 4_999_001),
            "bytes=" + (size - 4_000_000) + "-" + (size - 3_000_001))) {
      try (Download d =
          Download.of(mirror.uri(), "/acme/huge/resolve/main/sixty.bin", SIXTY, range)) {
        assertThat(d.status()).isEqualTo(206);
        assertThat(d.rest()).isEqualTo(Download.End.WHOLE);
      }
    }
    long sent = sentInTheEnd();
    long onDisk = allocated(tmp.resolve("data"));
    say(
        "two ranges near the end of 60 GB: sent %d, %d KiB on disk, ranges %s",
        sent, onDisk, hub.counters().ranges(Route.CDN, SIXTY.sha256()));
    assertThat(sent).isLessThanOrEqualTo(RUN);
    assertThat(onDisk).as("KiB on disk: the file is sparse").isLessThanOrEqualTo(2 * RUN / 1024);
  }

  @Test
  void a_whole_file_beyond_4_GiB_loads_with_256_MiB_of_heap() throws Exception {
    DevFile whole = WHOLE;
    say("%d bytes are loaded whole; 60 GB with -Dintrahub.huge.whole=60", whole.size());
    CurlClient curl = new CurlClient(tmp);
    curl.assumeAvailable();
    assumeThat(Files.getFileStore(tmp).getUsableSpace())
        .as("free bytes on the disk of %s, for a file of %d", tmp, whole.size())
        .isGreaterThan(whole.size() + SPARE);
    hub.repo("model", "acme/whole").commit("main", "Whole", Map.of("whole.bin", whole));
    URI address = mirror.uri().resolve("/acme/whole/resolve/main/whole.bin");

    long before = System.nanoTime();
    assertThat(bytesByCurl(address)).isEqualTo(whole.size());
    tell(whole, "cold", whole.size(), before);
    long sent = sentInTheEnd();
    // Several connections may take each other's work over; what that costs is one run at most.
    assertThat(sent).isBetween(whole.size(), whole.size() + RUN);
    assertThat(allocated(tmp.resolve("data")))
        .as("KiB on disk: the file is there once")
        .isLessThanOrEqualTo((whole.size() + RUN) / 1024);

    before = System.nanoTime();
    long read = 0;
    for (String range : whole == BEYOND_32_BITS ? List.of("") : partsOf(whole.size())) {
      try (Download d = Download.of(mirror.uri(), address.getPath(), whole, range)) {
        assertThat(d.rest()).as("the bytes %s", range).isEqualTo(Download.End.WHOLE);
        read += d.length();
      }
    }
    tell(whole, "hit", read, before);
    assertThat(read).isEqualTo(whole == BEYOND_32_BITS ? whole.size() : 9 * RUN);
    assertThat(hub.counters().bytes(Route.CDN)).as("sent for a hit").isEqualTo(sent);
  }

  /** When the Hub sends nothing more: connections that were given up may send on for a moment. */
  private long sentInTheEnd() {
    await().atMost(Duration.ofSeconds(60)).until(() -> hub.log().stream().allMatch(r -> r.done()));
    return hub.counters().bytes(Route.CDN);
  }

  private void tell(DevFile file, String what, long bytes, long before) throws IOException {
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
    say(
        "%d bytes of %d, %s: %d ms, %d MB/s, sent %d, peak of the process %d MiB",
        bytes,
        file.size(),
        what,
        millis,
        bytes / 1000 / millis,
        hub.counters().bytes(Route.CDN),
        peakKib() / 1024);
  }

  /**
   * Ranges of the beginning, the end, and what lies around the offsets at which numbers of 31, 32
   * and 35 bits end. All of it would come from the disk once more, for nothing new.
   */
  private static List<String> partsOf(long size) {
    return LongStream.of(RUN, 1L << 31, 1L << 32, 1L << 35, size)
        .mapToObj(end -> "bytes=" + (end - RUN) + "-" + (Math.min(size, end + RUN) - 1))
        .toList();
  }

  /** Loads it whole, keeps nothing. Returns how much came. */
  private static long bytesByCurl(URI address) throws Exception {
    Process curl =
        new ProcessBuilder(
                "curl",
                "-q",
                "-sS",
                "--fail",
                "--noproxy",
                "*",
                "-L",
                "-o",
                "/dev/null",
                "-w",
                "%{size_download}",
                address.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String said = new String(curl.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertThat(curl.waitFor()).as("curl's status; it had %s bytes", said).isZero();
    return Long.parseLong(said);
  }

  @Test
  void the_python_client_refuses_more_than_50_GB_and_names_the_way_out() {
    PythonClient hf = new PythonClient("hf-2.4.0", tmp);
    hf.assumeAvailable();
    ClientResult result = hf.call().endpoint(mirror.uri()).hf("download", "acme/huge", "sixty.bin");
    String said = result.stdout() + result.stderr();
    say("hf download of 60 GB: status %d, \"%s\"", result.exitCode(), theLine(said));
    assertThat(result.exitCode()).isNotZero();
    assertThat(said.replaceAll("\\s+", " "))
        .contains(
            "The file is too large to be downloaded using the regular download method."
                + " Install `hf_xet`");
    assertThat(hub.counters().bytes(Route.CDN)).isZero();
  }

  /** curl goes on with what another loader has left: the way out for files over 50 GB. */
  @Test
  void curl_loads_the_end_of_60_GB() {
    CurlClient curl = new CurlClient(tmp);
    curl.assumeAvailable();
    CurlClient.Answer answer =
        curl.get(
            mirror.uri() + "/acme/huge/resolve/main/sixty.bin", "-r", "59998000000-59998999999");
    assertThat(answer.status()).isEqualTo(206);
    byte[] want = new byte[1_000_000];
    SIXTY.read(59_998_000_000L, want, 0, want.length);
    assertThat(answer.bytes()).isEqualTo(want);
  }

  private static String theLine(String text) {
    return text.lines().filter(l -> l.contains("too large")).findFirst().orElse(text.strip());
  }

  /** The largest resident size so far, in KiB; 0 where the system does not tell. */
  private long peakKib() throws IOException {
    Path status = Path.of("/proc/" + mirror.pid() + "/status");
    if (!Files.exists(status)) {
      return 0;
    }
    return Files.readAllLines(status).stream()
        .filter(l -> l.startsWith("VmHWM:"))
        .map(l -> l.replaceAll("\\D", ""))
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(0);
  }

  /** KiB that a folder occupies: holes left out, files with two names once. */
  private static long allocated(Path folder) throws IOException {
    Process du =
        new ProcessBuilder("du", "-sk", folder.toString()).redirectErrorStream(true).start();
    String line = new String(du.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    return Long.parseLong(line.split("\\s", 2)[0]);
  }
}
