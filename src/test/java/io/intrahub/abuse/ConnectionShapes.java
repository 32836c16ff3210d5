package io.intrahub.abuse;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** Abuse by connections on which little or nothing is said. */
final class ConnectionShapes {
  private ConnectionShapes() {}

  static List<Shape> all() {
    return List.of(new IdleConnections(), new SlowHeads());
  }

  /** Thousands of connections from many addresses; some of them have asked for something once. */
  static final class IdleConnections implements Shape {
    private static final int CONNECTIONS = Integer.getInteger("intrahub.abuse.connections", 5_000);
    private static final int ADDRESSES = 100;
    private static final int OPENERS = 64;

    private final AtomicInteger opened = new AtomicInteger();

    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          OPENERS,
          Duration.ZERO,
          random -> {
            if (opened.get() >= CONNECTIONS || !connect(attack, random)) {
              attack.rest(Duration.ofMillis(200));
            }
          });
    }

    /** The connection stays open until the attack ends, or the mirror has had enough of it. */
    private boolean connect(Attack attack, Random random) throws IOException {
      RawConnection rawConnection = attack.connect(opened.get() % ADDRESSES);
      boolean kept = false;
      try {
        if (random.nextInt(10) == 0) {
          rawConnection.request("HEAD", "/" + Site.SMALL + "/resolve/main/a");
          attack.meet(rawConnection.status());
        } else {
          attack.meet("silent");
        }
        opened.incrementAndGet();
        kept = true;
      } finally {
        if (!kept) {
          rawConnection.close();
        }
      }
      return kept;
    }
  }

  /** Heads of requests of which a byte comes now and then. */
  static final class SlowHeads implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      attack.crowd(
          300,
          Duration.ofSeconds(2),
          random -> {
            try (RawConnection rawConnection = attack.connect()) {
              rawConnection.send(
                  "GET /" + Site.SMALL + "/resolve/main/a HTTP/1.1\r\nHost: mirror\r\nX-Slow: ");
              while (!attack.rest(Duration.ofMillis(700 + random.nextInt(600)))) {
                rawConnection.send("x");
              }
            }
          });
    }
  }
}
