package io.intrahub.abuse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Abuse by the bodies of requests, which only {@code paths-info} reads. */
final class BodyShapes {
  private static final Duration NONE = Duration.ZERO;

  private BodyShapes() {}

  static List<Shape> all() {
    return List.of(
        new UnfinishedBodies(),
        new AnnouncedBodies(),
        new TricklingBodies(),
        new OnePathVeryOften(),
        new ManyDifferentPaths());
  }

  private static String head(String type, String repo, String length) {
    return "POST /api/%s/%s/paths-info/main HTTP/1.1\r\nHost: mirror\r\nContent-Type: application/json\r\n%s\r\n\r\n"
        .formatted(type, repo, length);
  }

  private static String length(long bytes) {
    return "Content-Length: " + bytes;
  }

  /** All of a body but its last byte, of a repo that need not exist. */
  static final class UnfinishedBodies implements Shape {
    private static final int SMALLER = 2_000_000;
    private static final int LARGER = 4 << 20;

    @Override
    public void run(Attack attack) throws InterruptedException {
      byte[] body = new byte[LARGER];
      Arrays.fill(body, (byte) ' ');
      attack.crowd(
          128,
          Duration.ofSeconds(2),
          random -> {
            int size = random.nextBoolean() ? SMALLER : LARGER;
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.send(head("models", "nobody/nothing", length(size)));
              rawConnection.send(body, size - 1);
              attack.meet(rawConnection.status());
            }
          });
    }
  }

  /** A body that is said to be huge, or has no end, and comes for as long as it is taken. */
  static final class AnnouncedBodies implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      byte[] some = new byte[64 * 1024];
      Arrays.fill(some, (byte) '[');
      byte[] chunk =
          ("10000\r\n" + new String(some, StandardCharsets.US_ASCII) + "\r\n")
              .getBytes(StandardCharsets.US_ASCII);
      attack.crowd(
          8,
          Duration.ofMillis(500),
          random -> {
            boolean chunked = random.nextBoolean();
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.send(
                  head(
                      "models",
                      Site.SMALL,
                      chunked ? "Transfer-Encoding: chunked" : length(Long.MAX_VALUE)));
              for (int sent = 0; sent < 128 && !attack.isOver(); sent++) {
                rawConnection.send(chunked ? chunk : some);
              }
              attack.meet(rawConnection.status());
            }
          });
    }
  }

  /** A body of which a byte comes now and then. */
  static final class TricklingBodies implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          128,
          Duration.ofSeconds(2),
          random -> {
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.send(head("models", Site.SMALL, length(1_000_000)));
              // The system notices only with the second write that the other end has closed.
              while (!attack.rest(Duration.ofMillis(500 + random.nextInt(500)))) {
                rawConnection.send("[");
              }
            }
          });
    }
  }

  /** The same short path hundreds of thousands of times in one body. */
  static final class OnePathVeryOften implements Shape {
    private static final int TIMES = 350_000;

    @Override
    public void run(Attack attack) throws InterruptedException {
      byte[] body =
          ("{\"paths\":[" + "\"a\",".repeat(TIMES - 1) + "\"a\"],\"expand\":false}")
              .getBytes(StandardCharsets.US_ASCII);
      attack.crowd(8, Duration.ofSeconds(2), _ -> ask(attack, "models", Site.SMALL, body));
    }
  }

  /** As many different paths as one question may have, of a repo that has them all, and more. */
  static final class ManyDifferentPaths implements Shape {
    private static final int AT_MOST = 10_000;

    @Override
    public void run(Attack attack) throws InterruptedException {
      byte[] allowed = body(AT_MOST);
      byte[] more = body(AT_MOST * 2);
      attack.crowd(
          8,
          Duration.ofSeconds(2),
          random ->
              ask(
                  attack,
                  "datasets",
                  Site.wide(random.nextInt(2)),
                  random.nextInt(4) == 0 ? more : allowed));
    }

    private static byte[] body(int paths) {
      return IntStream.range(0, paths)
          .mapToObj(i -> "\"" + Site.path(i) + "\"")
          .collect(Collectors.joining(",", "{\"paths\":[", "],\"expand\":false}"))
          .getBytes(StandardCharsets.US_ASCII);
    }
  }

  /** Asks, and reads the answer in gulps that leave the mirror waiting in between. */
  private static void ask(Attack attack, String type, String repo, byte[] body)
      throws IOException, InterruptedException {
    try (RawConnection rawConnection = attack.connect()) {
      rawConnection.send(head(type, repo, length(body.length) + "\r\nConnection: close"));
      rawConnection.send(body);
      attack.meet(rawConnection.status());
      while (!attack.rest(NONE.plusMillis(20)) && rawConnection.read(256 * 1024) > 0) {}
    }
  }
}
