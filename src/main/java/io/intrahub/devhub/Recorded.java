package io.intrahub.devhub;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * A request that arrived. It is in the log from its arrival on; status and bytes fill in while it
 * is answered. Readable by all threads. Headers are all there, credentials too, in memory only:
 * {@link #toString()} leaves them out.
 */
public final class Recorded {
  private final long number;
  private final Instant at;
  private final Route route;
  private final Incoming in;
  private final AtomicLong bytes = new AtomicLong();

  /** What the system has taken of the body; guarded by this. */
  private LongSupplier taken = () -> 0;

  /** Whether the system holds all that it can; guarded by this. */
  private BooleanSupplier full = () -> false;

  private volatile int status;
  private volatile boolean done;

  Recorded(long number, Instant at, Route route, Incoming in) {
    this.number = number;
    this.at = at;
    this.route = route;
    this.in = in;
  }

  /** Counts up from 1 in the order of arrival. */
  public long number() {
    return number;
  }

  /** When it arrived, by the Hub's clock. */
  public Instant at() {
    return at;
  }

  /** What it asked for. */
  public Route route() {
    return route;
  }

  /** The method as sent. */
  public String method() {
    return in.method();
  }

  /** The raw path, nothing decoded. */
  public String path() {
    return in.path();
  }

  /** The raw query without its question mark, or empty. */
  public String query() {
    return in.query();
  }

  /** Raw path and query. */
  public String target() {
    return in.rawTarget();
  }

  /** All values by lower-case name. */
  public Map<String, List<String>> headers() {
    return in.headers();
  }

  /** The first value of a header, under any spelling of its name. */
  public Optional<String> header(String name) {
    return in.header(name.toLowerCase(Locale.ROOT));
  }

  /** The whole {@code Authorization} value, if one was sent. */
  public Optional<String> authorization() {
    return in.header("authorization");
  }

  /** The {@code Range} header, if one was sent. */
  public Optional<String> range() {
    return in.header("range");
  }

  /** The status answered, or 0 while there is none. */
  public int status() {
    return status;
  }

  /** The port at the client's end of the connection on which it came. */
  public int clientPort() {
    return in.clientPort();
  }

  /** Body bytes that were to go to the network so far: counted just before each write. */
  public long bytesSent() {
    return bytes.get();
  }

  /**
   * Body bytes that the system has taken so far: what the server still holds is not in it. Counted
   * for throttled answers only, whose heads go out by themselves.
   */
  public synchronized long bytesTaken() {
    return taken.getAsLong();
  }

  /**
   * Whether the system holds as much of the body as it can, because the client does not read it.
   * Known for throttled answers only.
   */
  public synchronized boolean systemIsFull() {
    return full.getAsBoolean();
  }

  /** Whether its handling has ended, well or not. */
  public boolean done() {
    return done;
  }

  @Override
  public String toString() {
    return "%d %s %s -> %d, %d bytes".formatted(number, method(), target(), status, bytesSent());
  }

  void answered(int newStatus) {
    status = newStatus;
  }

  void sending(long n) {
    bytes.addAndGet(n);
  }

  /** From now on all that the system takes is body. */
  synchronized void bodyBegins(LongSupplier connection, BooleanSupplier connectionIsFull) {
    full = connectionIsFull;
    long before = connection.getAsLong();
    taken = () -> connection.getAsLong() - before;
  }

  /** The connection may soon carry another answer. */
  synchronized void bodyEnds() {
    long all = taken.getAsLong();
    taken = () -> all;
    full = () -> false;
  }

  void finish() {
    done = true;
  }
}
