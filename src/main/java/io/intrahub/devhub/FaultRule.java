package io.intrahub.devhub;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Builds a scripted fault: first which requests it applies to (all of the routes, always, unless
 * narrowed), then, as the last call, what goes wrong. Used by one thread; the last call activates
 * the rule.
 */
public final class FaultRule {
  private final Faults faults;
  private Predicate<Recorded> which;
  private int skip;
  private int times = Integer.MAX_VALUE;
  private Chance chance = Chance.CERTAIN;

  FaultRule(Faults faults, Set<Route> routes) {
    this.faults = faults;
    this.which = r -> routes.contains(r.route());
  }

  /** Only requests whose raw path contains this. */
  public FaultRule path(String part) {
    return when(r -> r.path().contains(part));
  }

  /** Only requests whose raw path passes. */
  public FaultRule path(Predicate<String> rawPath) {
    return when(r -> rawPath.test(r.path()));
  }

  /** Only requests with this method. */
  public FaultRule method(String method) {
    return when(r -> r.method().equals(method));
  }

  /** Only requests that pass. */
  public FaultRule when(Predicate<Recorded> request) {
    which = which.and(request);
    return this;
  }

  /**
   * Only requests for the byte at this offset of the file: those whose range has it, and those
   * without a range.
   */
  public FaultRule spanning(long offset) {
    return when(r -> r.range().map(range -> Span.covers(range, offset)).orElse(true));
  }

  /** Leaves the first n matching requests alone. */
  public FaultRule skip(int n) {
    skip = n;
    return this;
  }

  /** Only n requests; then the rule is used up. */
  public FaultRule times(int n) {
    times = n;
    return this;
  }

  /** Every matching request until {@link Faults#clear()}: what happens without any of these. */
  public FaultRule always() {
    times = Integer.MAX_VALUE;
    return this;
  }

  /**
   * By chance, the same for the same seed and order of requests.
   *
   * @param probability from 0 to 1
   * @param maxInARowPerUrl after so many hits of one raw path the next request is left alone, so
   *     that a client with that many retries gets through
   */
  public FaultRule random(double probability, long seed, int maxInARowPerUrl) {
    chance = new Chance(probability, seed, maxInARowPerUrl);
    return this;
  }

  /** Any fault. */
  public ScriptedFault apply(Fault fault) {
    return faults.add(new ScriptedFault(which, skip, times, chance, fault));
  }

  /** {@link #random(double, long, int)} and {@link #apply} in one. */
  public ScriptedFault random(double probability, long seed, int maxInARowPerUrl, Fault fault) {
    return random(probability, seed, maxInARowPerUrl).apply(fault);
  }

  /** Starts the answer late, by real time. */
  public ScriptedFault delay(Duration by) {
    return apply(new Fault.Delay(by));
  }

  /** Answers this status with a short JSON error. */
  public ScriptedFault status(int code) {
    return status(code, Map.of(), "{\"error\":\"scripted " + code + "\"}");
  }

  /**
   * Answers this instead.
   *
   * @param headers {@code Content-Type} is made up from the body if it is not among them
   */
  public ScriptedFault status(int code, Map<String, String> headers, String body) {
    return apply(new Fault.Status(code, headers, body));
  }

  /** Answers with an HTML page to sign in, status 200. */
  public ScriptedFault loginPage() {
    return apply(Fault.loginPage());
  }

  /** Closes the connection before any answer. */
  public ScriptedFault disconnect() {
    return apply(new Fault.Disconnect());
  }

  /** Keeps status and headers, with a body that is no JSON. */
  public ScriptedFault garbageJson() {
    return apply(new Fault.GarbageJson());
  }

  /** Resets the connection after so many body bytes; the client may get fewer of them. */
  public ScriptedFault resetAfter(long bytes) {
    return apply(new Fault.ResetAfter(bytes));
  }

  /**
   * Resets the connection of an answer that comes to this offset of the file, before that byte; the
   * client may get fewer. Other answers are left alone and use nothing up.
   */
  public ScriptedFault resetAt(long offset) {
    return spanning(offset).apply(new Fault.ResetAt(offset));
  }

  /** Stops answers that come to this offset of the file, before that byte, until released. */
  public Stall stallAt(long offset) {
    Stall stall = new Stall();
    faults.add(stall);
    spanning(offset).apply(new Fault.StoppedAt(stall, offset));
    return stall;
  }

  /** Stops after so many body bytes (0: after the headers) until released. */
  public Stall stallAfter(long bytes) {
    Stall stall = new Stall();
    faults.add(stall);
    apply(new Fault.Stopped(stall, false, bytes));
    return stall;
  }

  /** Holds the whole answer, headers too, until released. */
  public Stall hold() {
    Stall stall = new Stall();
    faults.add(stall);
    apply(new Fault.Stopped(stall, true, 0));
    return stall;
  }

  /** Closes cleanly after exactly so many body bytes, right length announced. */
  public ScriptedFault truncate(long bytes) {
    return apply(new Fault.Truncate(bytes));
  }

  /** Changes the byte at this offset of the file. */
  public ScriptedFault wrongByteAt(long offset) {
    return apply(new Fault.WrongByteAt(offset));
  }

  /** Sends other bytes throughout, all announcements as they were. */
  public ScriptedFault otherBytes() {
    return apply(new Fault.OtherBytes());
  }

  /** Announces and sends a body of this length. */
  public ScriptedFault wrongLength(long length) {
    return apply(new Fault.WrongLength(length));
  }

  /** Makes the body longer. */
  public ScriptedFault extraBytes(long bytes) {
    return apply(new Fault.ExtraBytes(bytes));
  }

  /** Answers ranges with the whole file. */
  public ScriptedFault ignoreRange() {
    return apply(new Fault.IgnoreRange());
  }

  /** Compresses the body, asked or not. */
  public ScriptedFault gzip() {
    return apply(new Fault.Gzip());
  }

  /** Sends the body in chunks, with no length. */
  public ScriptedFault noLength() {
    return apply(new Fault.NoLength());
  }

  /** Sends this ETag, given without quotes. */
  public ScriptedFault changedEtag(String etag) {
    return apply(new Fault.ChangedEtag(etag));
  }

  /** Leaves a header out. */
  public ScriptedFault withoutHeader(String name) {
    return apply(new Fault.WithoutHeader(name));
  }

  /** Sends the body not faster than this, each answer for itself, by real time. */
  public ScriptedFault throttle(long bytesPerSecond) {
    return apply(new Fault.Throttle(bytesPerSecond));
  }

  /** Sends all bodies together not faster than this, by real time. */
  public ScriptedFault throttleTogether(long bytesPerSecond) {
    return apply(new Fault.SharedLine(new Line(bytesPerSecond)));
  }
}
