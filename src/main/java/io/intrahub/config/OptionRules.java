package io.intrahub.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Rules between options, beyond the limits of each. */
final class OptionRules {
  private static final Set<String> EVERY_ADDRESS = Set.of("0.0.0.0", "::", "[::]");

  private static final String SERVICE_TOKEN_FILE = "access.service-token-file";
  private static final String SERVICE_TOKEN = "access.service-token";

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
    atMost(
        broken,
        "access.grant-ttl",
        config.access().grantTtl(),
        "access.grant-grace",
        config.access().grantGrace(),
        "clients would be refused earlier during an outage than without one");
    access(broken, config.access());
    endpoints(broken, config.upstream().endpoints(), config.access());
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

  private static void access(List<Violation> broken, AccessOptions access) {
    boolean isService = access.mode() == AccessOptions.Mode.SERVICE;
    boolean hasFile = access.serviceTokenFile().isPresent();
    boolean hasText = access.serviceToken().isPresent();
    if (isService && !hasFile && !hasText) {
      broken.add(
          new Violation(
              "access.mode",
              SERVICE_TOKEN_FILE,
              "access.mode is service, but there is no token to use: set access.service-token-file,"
                  + " or INTRAHUB_ACCESS_SERVICE_TOKEN in the environment"));
    }
    if (hasFile && hasText) {
      broken.add(
          new Violation(
              SERVICE_TOKEN_FILE,
              SERVICE_TOKEN,
              "access.service-token-file and access.service-token are both set; remove one"));
    }
    if (!isService && (hasFile || hasText)) {
      broken.add(
          new Violation(
              hasFile ? SERVICE_TOKEN_FILE : SERVICE_TOKEN,
              "access.mode",
              "the mirror has a token of its own, which only access.mode: service uses; set that"
                  + " mode or remove the token"));
    }
    if (!isService && !access.rules().isEmpty()) {
      broken.add(
          new Violation(
              "access.rules",
              "access.mode",
              "access.rules have an effect only with access.mode: service; set that mode or remove"
                  + " the rules"));
    }
  }

  private static void endpoints(
      List<Violation> broken, List<EndpointOptions> endpoints, AccessOptions access) {
    String key = "upstream.endpoints";
    if (!endpoints.isEmpty() && endpoints.stream().noneMatch(e -> e.decidesIn(endpoints))) {
      broken.add(
          new Violation(
              key,
              key,
              "no endpoint is authoritative, so nothing would say who may read what; remove"
                  + " authoritative: false from the one that you trust"));
    }
    if (access.mode() == AccessOptions.Mode.SERVICE
        && endpoints.stream().noneMatch(EndpointOptions::receivesTokens)) {
      broken.add(
          new Violation(
              key,
              "access.mode",
              "access.mode is service, but no endpoint receives the mirror's token; append"
                  + " #send-tokens to the one that you trust with it"));
    }
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
