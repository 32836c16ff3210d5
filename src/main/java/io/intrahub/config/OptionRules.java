package io.intrahub.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Rules between options, beyond the limits of each. */
final class OptionRules {
  private static final Set<String> EVERY_ADDRESS = Set.of("0.0.0.0", "::", "[::]");

  private OptionRules() {}

  /**
   * A conflict between two options.
   *
   * @param first key of one
   * @param second key of the other
   * @param what what is wrong, why, and what to change
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
              "server.port and admin.port are both " + server.port() + "; set different ports"));
    }
    if (config.store().lowWatermark() >= config.store().highWatermark()) {
      broken.add(
          new Violation(
              "store.low-watermark",
              "store.high-watermark",
              "store.low-watermark is not less than store.high-watermark, so each new file would"
                  + " evict others; set a smaller store.low-watermark"));
    }
    atMost(
        broken,
        "waits.stale",
        config.waits().stale(),
        "waits.head",
        config.waits().head(),
        "clients would get an error although a stored answer exists");
    atMost(
        broken,
        "new-commits.quiet",
        config.newCommits().quiet(),
        "new-commits.at-latest",
        config.newCommits().atLatest(),
        "it would never take effect");
    atMost(
        broken,
        "access.public-ttl",
        config.access().publicTtl(),
        "access.public-ttl-during-outage",
        config.access().publicTtlDuringOutage(),
        "clients would be refused earlier during an outage than without one");
    if (config.listings().answerLimit() > config.listings().learnLimit()) {
      broken.add(
          new Violation(
              "listings.answer-limit",
              "listings.learn-limit",
              "listings.answer-limit is more than listings.learn-limit, but an answer cannot contain"
                  + " more than the mirror fetches; lower listings.answer-limit"));
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
      broken.add(
          new Violation(
              first,
              second,
              first
                  + " is longer than "
                  + second
                  + ", so "
                  + why
                  + "; shorten the first or lengthen the second"));
    }
  }

  private static boolean overlap(String a, String b) {
    return a.equalsIgnoreCase(b) || EVERY_ADDRESS.contains(a) || EVERY_ADDRESS.contains(b);
  }
}
