package io.intrahub.devhub;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Counts requests and bytes. A request is counted when it arrives, a byte just before it is written
 * to the network, so that a client that has its answer never reads a count that lags behind. Its
 * own lock guards everything.
 */
public final class DevCounters {
  /** Enough for every test, and a bound for a Hub that runs for days. */
  private static final int LOG_LENGTH = 50_000;

  private final Map<Route, Long> requests = new EnumMap<>(Route.class);
  private final Map<Route, Long> bytes = new EnumMap<>(Route.class);
  private final Map<Route, Integer> open = new EnumMap<>(Route.class);
  private final Map<Route, Integer> mostOpen = new EnumMap<>(Route.class);
  private final List<Mark> marks = new ArrayList<>();
  private final Deque<Recorded> log = new ArrayDeque<>();

  /** Since the start; goes on after a reset. */
  private long arrivals;

  /** What is to happen at a count. */
  private record Mark(Route route, long bytes, Runnable then) {}

  DevCounters() {}

  /**
   * The counts at one moment.
   *
   * @param requestsByRoute by route; a route without any is missing
   * @param bytesByRoute body bytes by route; a route without any is missing
   */
  public record Snapshot(Map<Route, Long> requestsByRoute, Map<Route, Long> bytesByRoute) {
    /** Requests of a route. */
    public long requests(Route route) {
      return requestsByRoute.getOrDefault(route, 0L);
    }

    /** Requests of all routes. */
    public long requests() {
      return requestsByRoute.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Body bytes of a route. */
    public long bytes(Route route) {
      return bytesByRoute.getOrDefault(route, 0L);
    }
  }

  /** Requests that arrived since the start or the last reset, on both origins. */
  public long requests() {
    return snapshot().requests();
  }

  /** Requests of one route that arrived. */
  public long requests(Route route) {
    return snapshot().requests(route);
  }

  /** Body bytes sent for one route. */
  public long bytes(Route route) {
    return snapshot().bytes(route);
  }

  /** Requests of one route whose raw path and query contain this text. */
  public long requestsFor(Route route, String part) {
    return log().stream().filter(r -> r.route() == route && r.target().contains(part)).count();
  }

  /** Body bytes sent so far for requests of one route whose raw path and query contain this. */
  public long bytesFor(Route route, String part) {
    return log().stream()
        .filter(r -> r.route() == route && r.target().contains(part))
        .mapToLong(Recorded::bytesSent)
        .sum();
  }

  /**
   * The different {@code Range} headers of one route's requests whose raw path and query contain
   * this, in the order of their first arrival; "" for requests without one.
   */
  public List<String> ranges(Route route, String part) {
    return log().stream()
        .filter(r -> r.route() == route && r.target().contains(part))
        .map(r -> r.range().orElse(""))
        .distinct()
        .toList();
  }

  /**
   * The highest number of requests of one route that were answered at the same time. At least as
   * many connections were open, because a connection carries one request at a time.
   */
  public synchronized int mostAtOnce(Route route) {
    return mostOpen.getOrDefault(route, 0);
  }

  /**
   * Runs something once, on the thread that sends, as soon as the bytes of a route come to this
   * count and before the last of them goes out. It must be quick.
   */
  public synchronized void whenSent(Route route, long bytes, Runnable then) {
    marks.add(new Mark(route, bytes, then));
  }

  /** The counts as they are now; they do not change any more. */
  public synchronized Snapshot snapshot() {
    return new Snapshot(
        Collections.unmodifiableMap(new EnumMap<>(requests)),
        Collections.unmodifiableMap(new EnumMap<>(bytes)));
  }

  /** The newest 50,000 requests in the order of arrival; those under way are there too. */
  public synchronized List<Recorded> log() {
    return List.copyOf(log);
  }

  /** Back to zero, an empty log, and nothing more to run; what is open stays counted as open. */
  public synchronized void reset() {
    requests.clear();
    bytes.clear();
    log.clear();
    marks.clear();
    mostOpen.clear();
    mostOpen.putAll(open);
  }

  /** Numbers and logs a request in one step, so that the log is in the order of the numbers. */
  synchronized Recorded arrived(Instant at, Route route, Incoming in) {
    arrivals++;
    Recorded request = new Recorded(arrivals, at, route, in);
    requests.merge(route, 1L, Long::sum);
    int now = open.merge(route, 1, Integer::sum);
    mostOpen.merge(route, now, Math::max);
    if (log.size() == LOG_LENGTH) {
      log.removeFirst();
    }
    log.addLast(request);
    return request;
  }

  void sending(Recorded request, long n) {
    request.sending(n);
    List<Mark> reached;
    synchronized (this) {
      long sum = bytes.merge(request.route(), n, Long::sum);
      reached =
          marks.stream().filter(m -> m.route() == request.route() && m.bytes() <= sum).toList();
      marks.removeAll(reached);
    }
    reached.forEach(m -> m.then().run());
  }

  synchronized void finished(Recorded request) {
    open.merge(request.route(), -1, Integer::sum);
  }
}
