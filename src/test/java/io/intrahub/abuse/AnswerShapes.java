package io.intrahub.abuse;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** Abuse by asking for much, and reading it slowly or not at all. */
final class AnswerShapes {
  private AnswerShapes() {}

  static List<Shape> all() {
    return List.of(
        new LargeListings(),
        new LargeRepoInfos(),
        new RawFilesReadSlowly(),
        new PassedOnAnswersReadSlowly(),
        new FilesReadSlowly(),
        new RangeGames(),
        new PipelinedRequests(),
        new ClientsThatLeave());
  }

  /** Reads an answer so slowly that the mirror waits for the client nearly all the time. */
  private static void sip(Attack attack, RawConnection rawConnection, int bytesAtOnce)
      throws IOException, InterruptedException {
    attack.meet(rawConnection.status());
    while (!attack.rest(Duration.ofMillis(250))) {
      if (rawConnection.read(bytesAtOnce) < bytesAtOnce) {
        return;
      }
    }
  }

  /** A file of each of several repos that are as large as a listing may be, and their trees. */
  static final class LargeListings implements Shape {
    private final AtomicInteger next = new AtomicInteger();

    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          12,
          Duration.ofSeconds(2),
          random -> {
            String repo = Site.wide(next.getAndIncrement() % Site.WIDE_REPOS);
            try (RawConnection rawConnection = attack.connect()) {
              if (random.nextInt(3) < 2) {
                rawConnection.request(
                    "HEAD",
                    "/datasets/"
                        + repo
                        + "/resolve/main/"
                        + Site.path(random.nextInt(Site.WIDE_FILES)));
                attack.meet(rawConnection.status());
              } else {
                rawConnection.request(
                    "GET",
                    "/api/datasets/" + repo + "/tree/main?recursive=true",
                    "Connection: close");
                sip(attack, rawConnection, 64 * 1024);
              }
            }
          });
    }
  }

  /** Repo infos that list very many files, some of them in answers that are not kept. */
  static final class LargeRepoInfos implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          8,
          Duration.ofSeconds(3),
          random -> {
            boolean widest = random.nextInt(4) == 0;
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.request(
                  "GET",
                  widest
                      ? "/api/datasets/" + Site.wide(random.nextInt(Site.WIDE_REPOS))
                      : "/api/models/" + Site.BROAD + "?blobs=true&x=" + random.nextInt(),
                  "Connection: close");
              sip(attack, rawConnection, 128 * 1024);
            }
          });
    }
  }

  /** Texts of 20 MB, as git has them. */
  static final class RawFilesReadSlowly implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          64,
          Duration.ofMillis(500),
          _ -> {
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.request(
                  "GET", "/" + Site.SMALL + "/raw/main/" + Site.TEXT, "Connection: close");
              sip(attack, rawConnection, 16 * 1024);
            }
          });
    }
  }

  /** Answers that the mirror does not know and passes on. */
  static final class PassedOnAnswersReadSlowly implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          24,
          Duration.ofSeconds(1),
          random -> {
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.request(
                  "GET",
                  "/api/models/"
                      + Site.BROAD
                      + "/tree/main?recursive=true&expand=true&x="
                      + random.nextInt(),
                  "Connection: close");
              sip(attack, rawConnection, 4 * 1024);
            }
          });
    }
  }

  /** A file of which a few bytes are read now and then. */
  static final class FilesReadSlowly implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          300,
          Duration.ofMillis(500),
          random -> {
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.request("GET", file(random), "Connection: close");
              sip(attack, rawConnection, 1024);
            }
          });
    }

    private static String file(Random random) {
      return random.nextInt(4) == 0
          ? "/" + Site.SILENT + "/resolve/main/" + Site.MODEL
          : "/" + Site.SMALL + "/resolve/main/" + Site.MODEL;
    }
  }

  /** Ranges that overlap, are countless, lie behind the end, or are none. */
  static final class RangeGames implements Shape {
    private static final List<String> RANGES =
        List.of(
            "bytes=0-0",
            "bytes=-1",
            "bytes=11999999-",
            "bytes=12000000-",
            "bytes=0-0,1-1,2-2",
            "bytes=" + "0-,".repeat(1_000) + "0-",
            "bytes=5-4",
            "bytes=9223372036854775807-9223372036854775808",
            "bytes=-0",
            "bytes=1-2-3",
            "lines=1-2",
            "bytes=6000000-6000100");

    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          8,
          Duration.ofMillis(250),
          random -> {
            boolean cold = random.nextInt(3) == 0;
            String target =
                cold
                    ? "/" + Site.COLD + "/resolve/main/" + random.nextInt(Site.COLD_FILES) + ".bin"
                    : "/" + Site.SMALL + "/resolve/main/" + Site.MODEL;
            String range =
                cold
                    ? "bytes=" + random.nextInt(Site.COLD_BYTES) + "-"
                    : RANGES.get(random.nextInt(RANGES.size()));
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.request("GET", target, "Range: " + range, "Connection: close");
              attack.meet(rawConnection.status());
              rawConnection.read(64 * 1024);
            }
          });
    }
  }

  /** Hundreds of requests on one connection, whose answers nobody reads. */
  static final class PipelinedRequests implements Shape {
    private static final int REQUESTS = 300;

    @Override
    public void run(Attack attack) throws InterruptedException {
      String get = "GET /" + Site.SMALL + "/resolve/main/a HTTP/1.1\r\nHost: mirror\r\n\r\n";
      attack.crowd(
          8,
          Duration.ofSeconds(1),
          random -> {
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.send(get.repeat(REQUESTS));
              attack.meet(rawConnection.status());
              attack.rest(Duration.ofMillis(random.nextInt(1_000)));
              rawConnection.reset();
            }
          });
    }
  }

  /** Clients that ask for a file that is not there yet, and are gone before it comes. */
  static final class ClientsThatLeave implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          16,
          Duration.ofMillis(250),
          random -> {
            String repo = random.nextBoolean() ? Site.SILENT : Site.COLD;
            String file =
                repo.equals(Site.SILENT) ? Site.MODEL : random.nextInt(Site.COLD_FILES) + ".bin";
            RawConnection rawConnection = attack.connect();
            try {
              rawConnection.request("GET", "/" + repo + "/resolve/main/" + file);
              attack.rest(Duration.ofMillis(random.nextInt(200)));
            } finally {
              if (random.nextBoolean()) {
                rawConnection.reset();
              } else {
                rawConnection.close();
              }
            }
          });
    }
  }
}
