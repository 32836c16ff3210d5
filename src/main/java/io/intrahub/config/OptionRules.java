package io.intrahub.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What must hold between options, beyond the limits of each. */
final class OptionRules {
  private static final Set<String> EVERY_ADDRESS = Set.of("0.0.0.0", "::", "[::]");

  private OptionRules() {}

  /**
   * Two options that don't go together.
   *
   * @param first key of one
   * @param second key of the other
   * @param what what is wrong
   */
  record Violation(String first, String second, String what) {}

  static List<Violation> violations(Config config) {
    List<Violation> broken = new ArrayList<>();
    ServerOptions server = config.server();
    Config.Admin admin = config.admin();
    if (server.port() != 0
        && server.port() == admin.port()
        && overlap(server.host(), admin.host())) {
      broken.add(
          new Violation(
              "server.port",
              "admin.port",
              "server.port and admin.port are both " + server.port() + "; they need two ports"));
    }
    if (config.store().lowWatermark() >= config.store().highWatermark()) {
      broken.add(
          new Violation(
              "store.low-watermark",
              "store.high-watermark",
              "store.low-watermark is not less than store.high-watermark; each new file would have"
                  + " others removed"));
    }
    atMost(
        broken,
        "waits.stale",
        config.waits().stale(),
        "waits.head",
        config.waits().head(),
        "clients would get an error although something is there to be served");
    atMost(
        broken,
        "new-commits.quiet",
        config.newCommits().quiet(),
        "new-commits.at-latest",
        config.newCommits().atLatest(),
        "the quiet time could never pass");
    atMost(
        broken,
        "access.public-ttl",
        config.access().publicTtl(),
        "access.public-ttl-during-outage",
        config.access().publicTtlDuringOutage(),
        "an outage would shut out clients earlier than a working link");
    if (config.listings().answerLimit() > config.listings().learnLimit()) {
      broken.add(
          new Violation(
              "listings.answer-limit",
              "listings.learn-limit",
              "listings.answer-limit is more than listings.learn-limit; an answer cannot hold more"
                  + " than is learned"));
    }
    return broken;
  }

  private static void atMost(
      List<Violation> broken,
      String first,
      Duration less,
      String second,
      Duration more,
      String why) {
    if (less.compareTo(more) > 0) {
      broken.add(new Violation(first, second, first + " is longer than " + second + "; " + why));
    }
  }

  private static boolean overlap(String a, String b) {
    return a.equalsIgnoreCase(b) || EVERY_ADDRESS.contains(a) || EVERY_ADDRESS.contains(b);
  }
}
