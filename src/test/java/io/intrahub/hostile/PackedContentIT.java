package io.intrahub.hostile;

import static io.intrahub.hostile.PackedRig.BIG;
import static io.intrahub.hostile.PackedRig.BIG_FILE;
import static io.intrahub.hostile.PackedRig.FILE;
import static io.intrahub.hostile.PackedRig.LAPSING;
import static io.intrahub.hostile.PackedRig.eventually;
import static io.intrahub.hostile.PackedRig.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packed product, and those who would have it keep or serve content that is not the Hub's. */
@Timeout(120)
class PackedContentIT {
  /** Takes a while to check. */
  private static final DevFile LARGE = DevFile.lfsGenerated(9, 48 << 20);

  private static final String LARGE_FILE = "/acme/large/resolve/main/large.bin";

  @TempDir private Path tmp;
  private PackedRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new PackedRig(tmp);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @Test
  void the_made_up_content_of_a_second_endpoint_is_not_part_of_a_known_commit() throws Exception {
    try (DevHub liar = DevHub.builder().start()) {
      String commit =
          liar.repo("model", "acme/open")
              .commit("Add it", Map.of("a.txt", DevFile.text("a"), "big.bin", BIG));
      rig.hub.faults().on(Route.TREE).status(503);
      try (MirrorProcess mirror = rig.mirrorWithFallback(liar, LAPSING)) {
        assertThat(rig.get(mirror, FILE).statusCode()).isEqualTo(200);
        rig.hub.goDark();
        DevFile madeUp = DevFile.text("made up");
        liar.faults()
            .on(Route.RESOLVE)
            .path("b.txt")
            .status(
                200,
                Map.of("X-Repo-Commit", commit, "ETag", "\"" + madeUp.gitOid() + "\""),
                "made up");
        HttpResponse<byte[]> answer = rig.get(mirror, "/acme/open/resolve/main/b.txt");
        assertThat(answer.statusCode()).as(text(answer)).isGreaterThanOrEqualTo(400);
        assertThat(answer.headers().firstValue("x-repo-commit")).isEmpty();
        mirror.stop();
      }
      assertThat(filesWith("made up")).isEmpty();
    }
  }

  private List<Path> filesWith(String words) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(rig.data())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(words)) {
          found.add(file);
        }
      }
    }
    return found;
  }

  @Test
  void a_repo_that_claims_another_size_for_a_digest_costs_the_honest_one_nothing()
      throws Exception {
    DevFile lie = DevFile.lfsGenerated(8, 3 << 20, BIG.sha256());
    rig.hub.repo("model", "evil/short").commit("Add it", Map.of("big.bin", lie));
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_TRANSFER_ABANDON_AFTER", "10ms"))) {
      assertThat(rig.get(mirror, BIG_FILE, "Range", "bytes=0-2097151").statusCode()).isEqualTo(206);
      rig.awaitTheEndOf(BIG, mirror);
      long first = fetchedInTheEnd();
      assertThat(first).isGreaterThanOrEqualTo(2 << 20);
      rig.get(mirror, "/evil/short/resolve/main/big.bin", "Range", "bytes=0-0");
      rig.awaitTheEndOf(lie, mirror);
      long before = fetchedInTheEnd();
      assertThat(rig.get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
      rig.awaitTheEndOf(BIG, mirror);
      long fetched = fetchedInTheEnd();
      assertThat(first + fetched - before)
          .as("what was stored before the lie is not fetched again")
          .isLessThan(BIG.size() + (1 << 20));
      assertThat(rig.get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
      assertThat(rig.hub.counters().bytes(Route.CDN)).isEqualTo(fetched);
    }
  }

  /** Bytes of files that the Hub sent, when it sends no more. */
  private long fetchedInTheEnd() {
    AtomicLong last = new AtomicLong(-1);
    await()
        .pollInterval(Duration.ofMillis(100))
        .until(() -> {
          boolean isOver = rig.hub.log().stream().allMatch(Recorded::done);
          long now = rig.hub.counters().bytes(Route.CDN);
          return last.getAndSet(now) == now && isOver;
        });
    return last.get();
  }

  /** Clients ask as soon as the port is open, when the check of the file has hardly begun. */
  @Test
  void a_file_that_a_kill_left_in_doubt_is_served_right_or_not_whole() throws Exception {
    storeLargeAndKill();
    flipByte(LARGE);
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      List<CompletableFuture<Optional<String>>> clients =
          IntStream.range(0, 4)
              .mapToObj(_ -> rig.later(() -> rig.sha256IfWhole(mirror, LARGE_FILE)))
              .toList();
      for (CompletableFuture<Optional<String>> one : clients) {
        assertThat(one.join()).isIn(Optional.empty(), Optional.of(LARGE.sha256()));
      }
      eventually(() -> assertThat(rig.sha256IfWhole(mirror, LARGE_FILE)).contains(LARGE.sha256()));
    }
  }

  /** Leaves a store that cannot know whether the disk has all of the file. */
  private void storeLargeAndKill() throws Exception {
    rig.hub.repo("model", "acme/large").commit("Add it", "large.bin", LARGE);
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      rig.store(mirror, LARGE_FILE, LARGE);
      mirror.kill();
      mirror.awaitDeath();
    }
  }

  /** Damages the stored content in the middle. */
  private void flipByte(DevFile file) throws IOException {
    String hex = file.sha256();
    Path blob = rig.data().resolve("blobs/sha256").resolve(hex.substring(0, 2)).resolve(hex);
    Files.setPosixFilePermissions(blob, PosixFilePermissions.fromString("rw-------"));
    try (FileChannel channel =
        FileChannel.open(blob, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, file.size() / 2);
      one.put(0, (byte) (one.get(0) ^ 1)).flip();
      channel.write(one, file.size() / 2);
    }
  }

  /** Each of them asks for the rest of the file, which is held back until the check is over. */
  @Test
  void clients_of_a_file_that_a_kill_left_in_doubt_share_one_check() throws Exception {
    String last = "bytes=%d-".formatted(LARGE.size() - 1);
    storeLargeAndKill();
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      List<CompletableFuture<HttpResponse<byte[]>>> clients =
          IntStream.range(0, 8)
              .mapToObj(_ -> rig.later(() -> rig.get(mirror, LARGE_FILE, "Range", last)))
              .toList();
      byte[] whole = LARGE.allBytes();
      for (CompletableFuture<HttpResponse<byte[]>> one : clients) {
        assertThat(one.join().body()).containsExactly(whole[whole.length - 1]);
      }
      assertThat(bytesRead(mirror))
          .as("bytes read since the start")
          .isBetween(LARGE.size(), 2 * LARGE.size());
    }
  }

  /** All that a process has read from files so far. For Linux. */
  private static long bytesRead(MirrorProcess mirror) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + mirror.pid() + "/io")).stream()
        .filter(line -> line.startsWith("rchar: "))
        .mapToLong(line -> Long.parseLong(line.substring("rchar: ".length())))
        .sum();
  }

  private byte[] wholeOrNothing(MirrorProcess mirror, String... headers) {
    try {
      HttpResponse<byte[]> answer = rig.get(mirror, BIG_FILE, headers);
      return answer.statusCode() < 300 ? answer.body() : new byte[0];
    } catch (AssertionError broken) {
      assertThat(broken).hasMessageContaining("no whole answer");
      return new byte[0];
    }
  }

  @Test
  void the_rest_of_a_file_past_a_store_that_takes_nothing_is_checked_too() throws Exception {
    // No disk has so much free, so nothing is stored.
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_STORE_MIN_FREE", "1000TiB"))) {
      assertThat(rig.get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
      byte[] rest = Arrays.copyOfRange(BIG.allBytes(), 1_000_000, (int) BIG.size());
      assertThat(wholeOrNothing(mirror, "Range", "bytes=1000000-")).isEqualTo(rest);
      rig.hub.faults().on(Route.CDN).wrongByteAt(BIG.size() - 10);
      assertThat(wholeOrNothing(mirror, "Range", "bytes=1000000-")).isEmpty();
    }
  }

  /** By the clock of the machine: the mirror uses an address until ten seconds before its end. */
  @Test
  void a_signed_address_is_used_again_while_it_is_good_and_asked_for_anew_after_that()
      throws Exception {
    rig.hub.faults().on(Route.TREE, Route.LFS_BATCH).status(503);
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      assertThat(rig.head(mirror, BIG_FILE).statusCode()).isEqualTo(200);
      assertThat(firstHops()).isEqualTo(1);
      rig.store(mirror, BIG_FILE, BIG);
      assertThat(firstHops()).as("kept for an hour, less the ten seconds").isEqualTo(1);

      DevFile other = DevFile.lfsGenerated(9, 2 << 20);
      rig.hub.repo("model", "acme/other").commit("Add it", "big.bin", other);
      String file = "/acme/other/resolve/main/big.bin";
      rig.hub.signatureLifetime(Duration.ofSeconds(11));
      assertThat(rig.head(mirror, file).statusCode()).isEqualTo(200);
      assertThat(firstHops()).isEqualTo(2);
      // The next address must not end while it is used.
      rig.hub.signatureLifetime(Duration.ofHours(1));
      await().pollDelay(Duration.ofSeconds(3)).until(() -> true);
      assertThat(rig.get(mirror, file).body()).isEqualTo(other.allBytes());
      assertThat(firstHops()).as("eight seconds before the end").isEqualTo(3);
      assertThat(rig.hub.log())
          .filteredOn(request -> request.route() == Route.CDN)
          .extracting(Recorded::status)
          .doesNotContain(403);
    }
  }

  private long firstHops() {
    return rig.hub.counters().requests(Route.RESOLVE);
  }

  @Test
  void an_address_that_ends_before_its_time_is_asked_for_anew() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      assertThat(rig.head(mirror, BIG_FILE).statusCode()).isEqualTo(200);
      rig.hub.expireSignatures();
      assertThat(rig.get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
    }
  }
}
