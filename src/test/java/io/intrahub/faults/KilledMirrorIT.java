package io.intrahub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.hub.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills the real process with SIGKILL at random points of loads, many times over one store. Each
 * round loads new files until the mirror is killed, looks at what is on the disk, starts the mirror
 * again and loads the same files to the end.
 *
 * <p>{@code -Dintrahub.kill.rounds=200} is the long form; {@code -Dintrahub.kill.seed=N} repeats a
 * run.
 */
class KilledMirrorIT {
  private static final int ROUNDS = Integer.getInteger("intrahub.kill.rounds", 12);
  private static final long SEED = Long.getLong("intrahub.kill.seed", System.nanoTime());
  private static final int LOADERS = 4;

  /**
   * A blob is hashed in the round in which it appears, and again every so many rounds, when many
   * processes have been killed since. To hash all in each round takes longer than the round.
   */
  private static final int HASH_ALL = 10;

  /**
   * When blobs were published that have passed that. A start hashes what was published in the last
   * ten minutes before a kill, which is no more than the load of some rounds, unless somebody kills
   * every second of those minutes.
   */
  private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

  @TempDir private Path tmp;

  /** By name, which file it was when it was last hashed, and in which state. */
  private final Map<String, String> hashed = new HashMap<>();

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** What ends a round: the n-th request that reaches upstream, or the n-th byte at a client. */
  private record KillPoint(int upstreamRequests, long clientBytes) {
    static KillPoint random(Random random) {
      return random.nextBoolean()
          ? new KillPoint(1 + random.nextInt(16), Long.MAX_VALUE)
          : new KillPoint(Integer.MAX_VALUE, 1 + random.nextLong(6_000_000));
    }
  }

  @Test
  void a_mirror_killed_at_random_points_serves_no_wrong_byte_and_loses_nothing_published()
      throws Exception {
    System.out.println(
        "KilledMirrorIT: "
            + ROUNDS
            + " rounds, seed "
            + SEED
            + "; more with -Dintrahub.kill.rounds=200");
    Random random = new Random(SEED);
    Path data = tmp.resolve("data");
    Path log = Files.createFile(tmp.resolve("mirror.log"));
    try (DevHub hub = DevHub.builder().start();
        ExecutorService loaders = Executors.newFixedThreadPool(LOADERS)) {
      DevRepo repo = hub.repo("model", "acme/killed");
      AtomicReference<Runnable> onUpstreamRequest = new AtomicReference<>(() -> {});
      hub.onRequest(r -> onUpstreamRequest.get().run());
      Round last = new Round("", Map.of());
      TreeSet<String> published = new TreeSet<>();
      for (int i = 0; i < ROUNDS; i++) {
        Map<String, DevFile> files = files(random, i);
        Round round = new Round(repo.commit("main", "Round " + i, files), files);
        KillPoint point = KillPoint.random(random);
        String where = "seed " + SEED + ", round " + i + ", " + point;
        try (MirrorProcess mirror =
            MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY)) {
          loadAgain(mirror, hub, last, published, where);
          AtomicInteger requests = new AtomicInteger();
          onUpstreamRequest.set(() -> {
            if (requests.incrementAndGet() == point.upstreamRequests()) {
              mirror.kill();
            }
          });
          loadUntilKilled(mirror, round, point, loaders, where);
        }
        onUpstreamRequest.set(() -> {});
        boolean all = i % HASH_ALL == HASH_ALL - 1;
        TreeSet<String> onDisk = publishedBlobs(data, all, where);
        assertThat(onDisk).as("what was published stays, %s", where).containsAll(published);
        published = onDisk;
        last = round;
      }
      try (MirrorProcess mirror =
          MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY)) {
        loadAgain(mirror, hub, last, published, "seed " + SEED + ", at the end");
      }
      assertThat(publishedBlobs(data, true, "seed " + SEED + ", at the end"))
          .as("what was published stays, seed %d, at the end", SEED)
          .containsAll(published);
      assertThat(Files.readString(log)).doesNotContain("ERROR");
    }
  }

  /** The files of one commit. */
  private record Round(String commit, Map<String, DevFile> files) {}

  /**
   * After a kill: the same files load to their end, and what was published is not fetched again.
   */
  private void loadAgain(
      MirrorProcess mirror, DevHub hub, Round last, TreeSet<String> published, String where)
      throws Exception {
    long before = contentReads(hub, last.files(), published);
    loadWhole(mirror, last.commit(), last.files(), where);
    assertThat(contentReads(hub, last.files(), published))
        .as("what was published is not fetched again, %s", where)
        .isEqualTo(before);
  }

  private static Map<String, DevFile> files(Random random, int round) {
    Map<String, DevFile> files = new TreeMap<>();
    files.put("config.json", DevFile.text("{\"round\":" + round + "}"));
    files.put("empty.txt", DevFile.text(""));
    for (int i = 0; i < 4; i++) {
      files.put("small/" + i + ".txt", DevFile.bytes(bytes(random, 1 + random.nextInt(40_000))));
    }
    files.put("medium.bin", large(random, 200_000 + random.nextInt(700_000)));
    files.put("large.bin", large(random, 1_100_000 + random.nextInt(2_000_000)));
    files.put("larger.bin", large(random, 1_100_000 + random.nextInt(3_000_000)));
    return files;
  }

  /** Computed when it is asked for: the Hub keeps the files of all rounds. */
  private static DevFile large(Random random, int size) {
    return DevFile.lfsGenerated(random.nextLong(), size);
  }

  private static byte[] bytes(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Loads everything with several loaders, until the mirror dies under them or all is there. */
  private void loadUntilKilled(
      MirrorProcess mirror, Round round, KillPoint point, ExecutorService loaders, String where)
      throws Exception {
    AtomicLong received = new AtomicLong();
    List<Future<?>> loads = new ArrayList<>();
    for (Map.Entry<String, DevFile> file : round.files().entrySet()) {
      loads.add(
          loaders.submit(() -> {
            try {
              HttpResponse<InputStream> response =
                  http.send(
                      HttpRequest.newBuilder(address(mirror, round.commit(), file.getKey()))
                          .build(),
                      HttpResponse.BodyHandlers.ofInputStream());
              byte[] want = file.getValue().allBytes();
              int got = 0;
              byte[] buffer = new byte[16 * 1024];
              try (InputStream body = response.body()) {
                for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
                  if (response.statusCode() == 200) {
                    assertThat(Arrays.mismatch(want, got, got + n, buffer, 0, n))
                        .as("%s of %s is right as far as it goes", file.getKey(), where)
                        .isEqualTo(-1);
                    got += n;
                  }
                  if (received.addAndGet(n) >= point.clientBytes()) {
                    mirror.kill();
                  }
                }
              }
              if (response.statusCode() == 200) {
                assertThat(got).as("a clean end is a whole file, %s", where).isEqualTo(want.length);
              }
            } catch (IOException e) {
              // The mirror was killed in the middle: a visibly broken response is as it must be.
            }
            return null;
          }));
    }
    for (Future<?> load : loads) {
      load.get();
    }
  }

  private void loadWhole(
      MirrorProcess mirror, String commit, Map<String, DevFile> files, String where)
      throws IOException, InterruptedException {
    for (Map.Entry<String, DevFile> file : files.entrySet()) {
      HttpResponse<byte[]> response =
          http.send(
              HttpRequest.newBuilder(address(mirror, commit, file.getKey())).build(),
              HttpResponse.BodyHandlers.ofByteArray());
      assertThat(response.statusCode()).as("%s, %s", file.getKey(), where).isEqualTo(200);
      assertThat(response.body())
          .as("%s, %s", file.getKey(), where)
          .isEqualTo(file.getValue().allBytes());
    }
  }

  private static URI address(MirrorProcess mirror, String commit, String path) {
    return mirror.uri().resolve("/acme/killed/resolve/" + commit + "/" + path);
  }

  /** How often upstream was asked for the content of files that are published. */
  private static long contentReads(
      DevHub hub, Map<String, DevFile> files, TreeSet<String> published) {
    long reads = 0;
    for (Map.Entry<String, DevFile> file : files.entrySet()) {
      String etag = file.getValue().etag().replace("\"", "");
      if (published.contains(etag)) {
        reads += hub.counters().requestsFor(Route.CDN, etag);
      }
    }
    return reads;
  }

  /**
   * The names of all published blobs, after those were hashed that are not the same files as when
   * they were last hashed.
   *
   * @param all whether to hash the others as well
   */
  private TreeSet<String> publishedBlobs(Path data, boolean all, String where) throws IOException {
    TreeSet<String> names = new TreeSet<>();
    try (Stream<Path> walk = Files.walk(data)) {
      List<Path> files =
          walk.filter(Files::isRegularFile)
              .filter(f -> f.getFileName().toString().matches("[0-9a-f]{40}|[0-9a-f]{64}"))
              .filter(f -> !data.relativize(f).toString().contains("partial"))
              .filter(f -> data.relativize(f).toString().contains("blobs"))
              .toList();
      for (Path file : files) {
        String name = file.getFileName().toString();
        if (all || !state(file).equals(hashed.get(name))) {
          assertThat(digest(file, name)).as("%s, %s", file, where).isEqualTo(name);
        }
        if (all) {
          Files.setLastModifiedTime(file, LONG_AGO);
        }
        hashed.put(name, state(file));
        names.add(name);
      }
    }
    return names;
  }

  private static String state(Path file) throws IOException {
    BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
    return now.fileKey() + " " + now.size() + " " + now.lastModifiedTime();
  }

  private static String digest(Path file, String name) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      Digest digest = Digest.ofEtag(name).orElseThrow();
      MessageDigest hash = digest.newHash(bytes.length);
      return HexFormat.of().formatHex(hash.digest(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
