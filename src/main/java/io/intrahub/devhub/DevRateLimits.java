package io.intrahub.devhub;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Fixed windows per caller and group. Without a limit of its own a group shows the usual headers
 * and never refuses; its remaining count stays high, so that a polite client does not slow down.
 */
final class DevRateLimits {
  private static final Duration USUAL_WINDOW = Duration.ofMinutes(5);

  private record Limit(int quota, Duration window) {}

  private record Key(RateGroup group, String caller) {}

  private static final class Window {
    long index = -1;
    int used;
  }

  private final Clock clock;
  // Both guarded by "this".
  private final Map<RateGroup, Limit> limits = new EnumMap<>(RateGroup.class);
  private final Map<Key, Window> windows = new HashMap<>();

  DevRateLimits(Clock clock) {
    this.clock = clock;
  }

  synchronized void set(RateGroup group, int quota, Duration window) {
    limits.put(group, new Limit(quota, window));
    windows.keySet().removeIf(k -> k.group == group);
  }

  synchronized void lift(RateGroup group) {
    limits.remove(group);
  }

  /** What one call leaves: the two headers, and whether it is over the quota. */
  record Result(boolean refused, String rateLimit, String policy) {
    Reply stamp(Reply reply) {
      return reply.header("RateLimit", rateLimit).header("RateLimit-Policy", policy);
    }
  }

  synchronized Result count(RateGroup group, Optional<String> token) {
    Limit limit = limits.get(group);
    if (limit == null) {
      return result(group, false, group.usual(), USUAL_WINDOW, group.usual() - 1, USUAL_WINDOW);
    }
    Instant now = clock.instant();
    long length = limit.window.toMillis();
    long index = Math.floorDiv(now.toEpochMilli(), length);
    Window window =
        windows.computeIfAbsent(new Key(group, token.orElse("anonymous")), _ -> new Window());
    if (window.index != index) {
      window.index = index;
      window.used = 0;
    }
    boolean refused = window.used >= limit.quota;
    if (!refused) {
      window.used++;
    }
    Duration left = Duration.ofMillis((index + 1) * length - now.toEpochMilli());
    return result(group, refused, limit.quota, limit.window, limit.quota - window.used, left);
  }

  private static Result result(
      RateGroup group, boolean refused, int quota, Duration window, int remaining, Duration left) {
    // Whole seconds, rounded up: a client that waits so long is in the next window.
    long seconds = left.plusMillis(999).toSeconds();
    return new Result(
        refused,
        "\"%s\";r=%d;t=%d".formatted(group.word(), remaining, seconds),
        "\"fixed window\";\"%s\";q=%d;w=%d".formatted(group.word(), quota, window.toSeconds()));
  }
}
