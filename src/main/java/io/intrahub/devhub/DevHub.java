package io.intrahub.devhub;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A small simulated Hub that answers as the real one does: a relative 307 to a second hop for
 * regular files, an absolute 302 to signed addresses of a CDN on another origin for LFS files, and
 * the real refusals. Everything can be changed while it runs, from any thread, and takes effect
 * with the next request. It counts requests, injects scripted faults, and records what no client
 * may do.
 *
 * <p>Ownership: {@link DevRepo} its commits, refs and permissions; {@code Directory} names and
 * tokens; {@code Traffic} counters, faults and violations; a request's own thread everything else.
 */
public final class DevHub implements AutoCloseable {
  private final Directory directory;
  private final Signatures signatures;
  private final Cdn cdn;
  private final DevRateLimits limits;
  private final Settings settings = new Settings();
  private final Traffic traffic;
  private final WebServer server;
  private final boolean strict;
  private boolean closed;

  private DevHub(Builder builder) {
    directory = new Directory(builder.seed);
    signatures = new Signatures(builder.clock, builder.seed);
    cdn = new Cdn(directory, signatures);
    limits = new DevRateLimits(builder.clock);
    traffic =
        new Traffic(
            builder.clock, builder.waiting, new HubRoutes(directory, cdn, limits, settings), cdn);
    strict = builder.strict;
    server =
        new WebServer(
            builder.host, builder.port, builder.cdnPort, builder.sendBuffer, traffic::handle);
    settings.hub =
        builder.publicHub.orElseGet(
            () -> origin(builder.publicHost.orElse(builder.host), server.hubPort()));
    settings.cdn = builder.publicCdn.orElseGet(() -> origin(builder.cdnHost, server.cdnPort()));
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds a Hub. Every value has a default that fits a test. */
  public static final class Builder {
    private Clock clock = Clock.systemUTC();
    private String host = "127.0.0.1";
    private Optional<String> publicHost = Optional.empty();
    private String cdnHost = "localhost";
    private Optional<URI> publicHub = Optional.empty();
    private Optional<URI> publicCdn = Optional.empty();
    private int port;
    private int cdnPort;
    private int sendBuffer = -1;
    private long seed = 1;
    private boolean strict = true;
    private DevWaiting waiting = new DevWaiting();

    private Builder() {}

    /** For signed addresses and rate windows; the system's by default. */
    public Builder clock(Clock newClock) {
      clock = newClock;
      return this;
    }

    /** Both listeners bind to this address; 127.0.0.1 by default. */
    public Builder host(String address) {
      host = address;
      return this;
    }

    /** The name in addresses of the Hub, where it is not the one to bind to. */
    public Builder publicHost(String name) {
      publicHost = Optional.of(name);
      return this;
    }

    /** The name in addresses of the CDN; {@code localhost} by default, so not the Hub's. */
    public Builder cdnHost(String name) {
      cdnHost = name;
      return this;
    }

    /**
     * The addresses under which both are reached from outside, where something stands in front of
     * them: {@code https://hub.example}. They win over the names above.
     */
    public Builder publicOrigins(URI hub, URI cdn) {
      publicHub = Optional.of(hub);
      publicCdn = Optional.of(cdn);
      return this;
    }

    /** 0, the default, selects a free port. */
    public Builder port(int number) {
      port = number;
      return this;
    }

    /** 0, the default, selects a free port. */
    public Builder cdnPort(int number) {
      cdnPort = number;
      return this;
    }

    /**
     * Bytes that the system may hold of each connection on our side (Linux takes the double); the
     * system's own choice by default. What is counted as sent and never read by a client that dies
     * is bounded by this.
     */
    public Builder sendBuffer(int bytes) {
      sendBuffer = bytes;
      return this;
    }

    /** For internal ids and the CDN's key. */
    public Builder seed(long number) {
      seed = number;
      return this;
    }

    /** Whether {@link DevHub#close()} also asserts; true by default. */
    public Builder strict(boolean assertOnClose) {
      strict = assertOnClose;
      return this;
    }

    /** The time by which answers are delayed and paced; real time by default. */
    Builder waiting(DevWaiting time) {
      waiting = time;
      return this;
    }

    /** Starts the Hub, which then listens. */
    public DevHub start() {
      return new DevHub(this);
    }
  }

  /** Where the Hub is reached, without a trailing slash. */
  public URI uri() {
    return settings.hub;
  }

  /** Where the CDN is reached, under another host name. */
  public URI cdnUri() {
    return settings.cdn;
  }

  /**
   * Returns the repo with this id, and creates it if there is none.
   *
   * @param type {@code model}, {@code dataset}, {@code space} or {@code kernel}
   * @param id {@code ns/name} or {@code name}
   */
  public DevRepo repo(String type, String id) {
    return directory.createOrGet(DevRepoType.of(type), id);
  }

  /**
   * Gives a repo another id. It keeps its internal id, its commits and who may read it, and
   * requests for the old id are answered with a 307 to the new one.
   *
   * @param type {@code model}, {@code dataset} or {@code space}
   * @throws IllegalArgumentException if there is no such repo, or another one has the new id
   */
  public void rename(String type, String id, String newId) {
    directory.rename(DevRepoType.of(type), id, newId);
  }

  /** Deletes a repo; if created again, it has another internal id. */
  public void delete(String type, String id) {
    directory.delete(DevRepoType.of(type), id);
  }

  /** Makes a token known. */
  public void token(String token, String user) {
    directory.token(token, user);
  }

  /** Makes a token unknown again. */
  public void revoke(String token) {
    directory.revoke(token);
  }

  /** Returns the counters. */
  public DevCounters counters() {
    return traffic.counters;
  }

  /** The newest requests, see {@link DevCounters#log()}. */
  public List<Recorded> log() {
    return traffic.counters.log();
  }

  /** The script of faults. */
  public Faults faults() {
    return traffic.faults;
  }

  /** The port on which the Hub listens, whatever stands in front of it. */
  public int port() {
    return server.hubPort();
  }

  /** The port on which the CDN listens. */
  public int cdnPort() {
    return server.cdnPort();
  }

  /** Called after each request, on its thread. */
  public void onRequest(Consumer<Recorded> listener) {
    traffic.listen(listener);
  }

  /** Lists this organisation as a publisher of kernels that users may run without asking. */
  public void trustPublisher(String organisation) {
    settings.trustedPublishers.add(organisation);
  }

  /** Whether LFS files show Xet hashes; true by default, as on the Hub. */
  public void xet(boolean shown) {
    settings.xet = shown;
  }

  /** Whether regular files are answered at once, without the second hop, as the Hub once did. */
  public void directSmallFiles(boolean direct) {
    settings.directSmallFiles = direct;
  }

  /** Whether every answer of the Hub sets a cookie; false by default. */
  public void cookies(boolean set) {
    settings.cookies = set;
  }

  /** Entries in one page of a tree, 1000 by default; at most 50 with {@code expand}. */
  public void treePageSize(int entries) {
    settings.treePageSize = entries;
  }

  /** Sets a quota per caller in fixed windows by the Hub's clock; what is over it gets 429. */
  public void rateLimit(RateGroup group, int quota, Duration window) {
    limits.set(group, quota, window);
  }

  /** Ends a quota. */
  public void liftRateLimit(RateGroup group) {
    limits.lift(group);
  }

  /** How long new signed addresses are good; an hour by default. */
  public void signatureLifetime(Duration lifetime) {
    signatures.lifetime(lifetime);
  }

  /** Makes every signed address expire that was handed out so far. */
  public void expireSignatures() {
    signatures.expireAll();
  }

  /** New redirects go to the CDN under this name. */
  public void cdnHost(String name) {
    settings.cdn = origin(name, server.cdnPort());
  }

  /** Turns between {@code localhost} and {@code 127.0.0.1} for new redirects. */
  public void rotateCdnHost() {
    cdnHost("localhost".equals(settings.cdn.getHost()) ? "127.0.0.1" : "localhost");
  }

  /**
   * Moves the CDN to other paths under another name: addresses that were handed out are refused
   * with 403 from now on, new ones are good.
   */
  public void moveCdn() {
    cdn.move();
    rotateCdnHost();
  }

  /** Whether the CDN refuses HEAD, as signatures bound to a method do; false by default. */
  public void cdnRefusesHead(boolean refuse) {
    cdn.refuseHead(refuse);
  }

  /** Closes both listeners and all their connections: new ones are refused. */
  public synchronized void goDark() {
    server.switchHub(false);
    server.switchCdn(false);
  }

  /** Closes the CDN's listener only. */
  public synchronized void cdnGoDark() {
    server.switchCdn(false);
  }

  /** Closes the Hub's listener only: the CDN goes on. */
  public synchronized void hubGoDark() {
    server.switchHub(false);
  }

  /** Listens again on the same ports. */
  public synchronized void comeBack() {
    server.switchHub(true);
    server.switchCdn(true);
  }

  /** Breaks all connections and listens again at once on the same ports, with unchanged state. */
  public synchronized void restart() {
    goDark();
    comeBack();
  }

  /** While on, connections are accepted and never answered; switched off, those are closed. */
  public void blackHole(boolean on) {
    traffic.blackHole(on);
  }

  /**
   * Stops the bodies of all answers before their next write, until {@link #sendOn}; writes that
   * were begun go on. May be called where {@link DevCounters#whenSent} runs something.
   */
  public void holdSending() {
    traffic.standstill.hold();
  }

  /** Lets the bodies go on after {@link #holdSending}. */
  public void sendOn() {
    traffic.standstill.release();
  }

  /** Returns what clients did that none may do, oldest first. */
  public List<String> violations() {
    return traffic.violations.list();
  }

  /** Requests to routes that this Hub does not know are no violation from now on. */
  public void expectUnknownRoutes() {
    traffic.violations.expectUnknownRoutes();
  }

  /** Forgets the violations so far, for a test that makes them on purpose. */
  public void forgetViolations() {
    traffic.violations.forget();
  }

  /**
   * Fails if there was a violation.
   *
   * @throws AssertionError that lists them
   */
  public void assertClean() {
    List<String> found = violations();
    if (!found.isEmpty()) {
      throw new AssertionError("the Hub saw\n  " + String.join("\n  ", found));
    }
  }

  /**
   * Ends all waits and stops both listeners; a second call does nothing.
   *
   * @throws AssertionError if there was a violation, unless built with {@code strict(false)}
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    traffic.close();
    server.stop();
    if (strict) {
      assertClean();
    }
  }

  private static URI origin(String host, int port) {
    return URI.create("http://" + host + ":" + port);
  }
}
