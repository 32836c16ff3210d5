package io.intrahub.http;

import io.intrahub.hub.HubError;
import io.intrahub.hub.LimitErrors;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/**
 * Decides whether a new connection is accepted: limits connections in total and per client. Safe
 * for use by many threads.
 */
final class ConnectionAdmission {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

  /** Refused connections that may be open at the same time until their clients read why. */
  private static final int MAX_REFUSING = 256;

  private final ClientLimits limits;
  private final Semaphore all;
  private final Semaphore refusing = new Semaphore(MAX_REFUSING);
  private final ConcurrencyLimits perClient;

  ConnectionAdmission(ClientLimits limits) {
    this.limits = limits;
    this.all = new Semaphore(limits.connections());
    this.perClient = new ConcurrencyLimits(limits.connectionsPerClient());
  }

  /** The decision on a new connection. */
  sealed interface Verdict {
    /**
     * The connection is accepted.
     *
     * @param onClose to be run once when the connection is closed
     */
    record Admitted(Runnable onClose) implements Verdict {}

    /**
     * The client is told why, and the connection is closed.
     *
     * @param onClose to be run once when the connection is closed
     */
    record Refused(HubError error, Runnable onClose) implements Verdict {}

    /** The connection is closed at once, because too many are being refused. */
    record Dropped() implements Verdict {}
  }

  /**
   * Decides on a new connection.
   *
   * @param peer empty if the client has already disconnected
   */
  Verdict judge(Optional<InetAddress> peer) {
    if (peer.isEmpty()) {
      return new Verdict.Dropped();
    }
    boolean exempt = limits.trustedProxies().contains(peer.get());
    String client = ClientNames.name(peer.get());
    Optional<ConcurrencyLimits.Use> use = perClient.enter(exempt ? List.of() : List.of(client));
    if (use.isEmpty()) {
      return refused(
          LimitErrors.tooManyRequests(
              "Your address "
                  + client
                  + " has "
                  + limits.connectionsPerClient()
                  + " connections to this mirror, which is the limit (clients.connections). Close"
                  + " some, or reuse open ones.",
              RETRY_AFTER));
    }
    if (!all.tryAcquire()) {
      use.get().close();
      return refused(
          LimitErrors.overloaded(
              "it has "
                  + limits.connections()
                  + " connections, which is its limit (server.connections)"));
    }
    return new Verdict.Admitted(() -> {
      all.release();
      use.get().close();
    });
  }

  private Verdict refused(HubError error) {
    return refusing.tryAcquire()
        ? new Verdict.Refused(error, refusing::release)
        : new Verdict.Dropped();
  }
}
