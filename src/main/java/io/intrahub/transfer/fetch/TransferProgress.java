package io.intrahub.transfer.fetch;

import java.time.Duration;
import java.util.Optional;

/**
 * How far a transfer is.
 *
 * @param source which file it was first asked for as, and from where
 * @param state {@code fetching}, {@code queued} (it waits for a connection, of which there are no
 *     more), {@code idle} (nobody waits for what is missing), {@code verifying}, {@code waiting}
 *     (upstream fails; asked again when somebody needs it) or {@code ending}
 * @param size of the content in bytes
 * @param available bytes of it that are in the store
 * @param bytesPerSecond from upstream, lately
 * @param readers clients that read along
 * @param connections to upstream that are made or being made
 * @param left until it is whole, if it goes on like this; empty when nobody can say
 */
public record TransferProgress(
    String source,
    String state,
    long size,
    long available,
    long bytesPerSecond,
    int readers,
    int connections,
    Optional<Duration> left) {
  /** The same, when so many of its connections are queued. */
  TransferProgress queued(int waiting) {
    int made = Math.max(0, connections - waiting);
    boolean queued = waiting > 0 && made == 0 && state.equals("fetching");
    return new TransferProgress(
        source, queued ? "queued" : state, size, available, bytesPerSecond, readers, made, left);
  }

  /** Whether nobody reads and nothing is fetched: it is kept open for who may come. */
  public boolean isIdle() {
    boolean works = state.equals("verifying") || state.equals("queued");
    return readers == 0 && connections == 0 && !works;
  }
}
