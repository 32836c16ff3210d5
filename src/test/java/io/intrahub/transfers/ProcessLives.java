package io.intrahub.transfers;

import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What each life of a mirror had received from the CDN when it was killed, and how much of that
 * later lives have fetched again. Safe for all threads.
 */
final class ProcessLives {
  private final List<Life> lives = new ArrayList<>();

  /** The life that has not ended. */
  private Life now = new Life(0);

  /** Bytes of a file, the end excluded. */
  record Span(long from, long to) {
    static Span of(Recorded request, long bytes) {
      String range = request.range().orElse("bytes=0-");
      long from = Long.parseLong(range.substring("bytes=".length(), range.indexOf('-')));
      return new Span(from, from + bytes);
    }

    long length() {
      return to - from;
    }
  }

  /** From a start to a kill. */
  private static final class Life {
    /** Requests up to this number came before it. */
    private final long after;

    /** Requests up to this number came from it. */
    private long until = Long.MAX_VALUE;

    /** Body bytes that the process had, of each request that had come when it was stopped. */
    private final Map<Recorded, Long> received = new HashMap<>();

    /** Requests whose connections it had closed before all was there. */
    private final Set<Recorded> dropped = new HashSet<>();

    private Life(long after) {
      this.after = after;
    }

    boolean has(Recorded request) {
      return request.number() > after && request.number() <= until;
    }
  }

  /**
   * What a kill has cost of one file.
   *
   * @param received bytes which the process had received and a later one has fetched again
   * @param underWay bytes which the Hub has sent or counted, and the process never had
   * @param kept bytes of the latter that were not fetched again either: if there are any, then the
   *     process had more than was measured
   */
  record Cost(long received, long underWay, long kept) {}

  /**
   * A life ends now, and what lay in the queues is not known: it counts as received.
   *
   * @param log all requests so far
   */
  synchronized void end(List<Recorded> log) {
    now.received.clear();
    for (Recorded request : log) {
      if (request.route() == Route.CDN && now.has(request)) {
        now.received.put(request, request.bytesTaken());
      }
    }
  }

  /**
   * A life ends now: its process stands still. Waits until the queues do so too.
   *
   * @param log all requests so far
   * @param queues what lies between the Hub and the process, by the process's port; empty while it
   *     can't be told
   */
  synchronized void end(
      Supplier<List<Recorded>> log, Supplier<Optional<Map<Integer, Long>>> queues) {
    Map<Integer, Long> unread = new HashMap<>();
    await()
        .pollInSameThread()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .atMost(Duration.ofSeconds(30))
        .until(() -> {
          end(log.get());
          Map<Recorded, Long> before = Map.copyOf(now.received);
          Optional<Map<Integer, Long>> lying = queues.get();
          end(log.get());
          unread.clear();
          unread.putAll(lying.orElse(Map.of()));
          return lying.isPresent() && now.received.equals(before);
        });
    Map<Integer, Recorded> last = new HashMap<>();
    now.received.keySet().stream()
        .sorted(Comparator.comparingLong(Recorded::number))
        .forEach(r -> last.put(r.clientPort(), r));
    for (Map.Entry<Recorded, Long> entry : now.received.entrySet()) {
      Recorded request = entry.getKey();
      int port = request.clientPort();
      if (unread.containsKey(port) && last.get(port).equals(request)) {
        // The head of the answer is read before its body, so what is unread ends with the body: if
        // it is more than the body, the process has nothing of that.
        entry.setValue(Math.max(0, entry.getValue() - unread.get(port)));
      } else if (entry.getValue() < asked(request)) {
        now.dropped.add(request);
      }
    }
  }

  /** The next life begins; all requests in this log were those of earlier ones. */
  synchronized void begin(List<Recorded> log) {
    now.until = log.isEmpty() ? now.after : log.getLast().number();
    lives.add(now);
    now = new Life(now.until);
  }

  /**
   * The cost of each kill in the order of the kills; of those that cost nothing of this file too.
   *
   * @param requests for the content of one file
   */
  synchronized List<Cost> costs(List<Recorded> requests) {
    List<Cost> costs = new ArrayList<>();
    for (Life life : lives) {
      List<Span> received = new ArrayList<>();
      List<Span> missed = new ArrayList<>();
      List<Span> later = new ArrayList<>();
      long underWay = 0;
      for (Recorded request : requests) {
        if (request.number() > life.until) {
          later.add(Span.of(request, request.bytesSent()));
        } else if (life.has(request) && !life.dropped.contains(request)) {
          long had = life.received.getOrDefault(request, 0L);
          Span span = Span.of(request, had);
          received.add(span);
          missed.add(new Span(span.to(), span.from() + request.bytesTaken()));
          underWay += request.bytesSent() - had;
        }
      }
      long lost = common(union(received), union(later));
      List<Span> notHad = union(missed);
      received.addAll(later);
      costs.add(new Cost(lost, underWay, sum(notHad) - common(notHad, union(received))));
    }
    return costs;
  }

  private static long asked(Recorded request) {
    String range = request.range().orElse("bytes=0-" + Long.MAX_VALUE / 2);
    int dash = range.indexOf('-');
    return 1
        + Long.parseLong(range.substring(dash + 1))
        - Long.parseLong(range.substring("bytes=".length(), dash));
  }

  private static List<Span> union(List<Span> spans) {
    List<Span> sorted = new ArrayList<>(spans);
    sorted.sort(Comparator.comparingLong(Span::from));
    List<Span> union = new ArrayList<>();
    for (Span span : sorted) {
      if (!union.isEmpty() && span.from() <= union.getLast().to()) {
        Span before = union.removeLast();
        union.add(new Span(before.from(), Math.max(before.to(), span.to())));
      } else {
        union.add(span);
      }
    }
    return union;
  }

  private static long common(List<Span> some, List<Span> others) {
    long bytes = 0;
    for (Span a : some) {
      for (Span b : others) {
        bytes += Math.max(0, Math.min(a.to(), b.to()) - Math.max(a.from(), b.from()));
      }
    }
    return bytes;
  }

  private static long sum(List<Span> spans) {
    return spans.stream().mapToLong(Span::length).sum();
  }
}
