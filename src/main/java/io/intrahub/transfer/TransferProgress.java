package io.intrahub.transfer;

import java.time.Duration;
import java.util.Optional;

/**
 * How far a transfer is.
 *
 * @param source which file it was first asked for as, and from where
 * @param state {@code fetching}, {@code idle} (nobody waits for what is missing), {@code
 *     verifying}, {@code waiting} (upstream fails; asked again when somebody needs it) or {@code
 *     ending}
 * @param size of the content in bytes
 * @param there bytes of it that are in the store
 * @param bytesPerSecond from upstream, lately
 * @param readers clients that read along
 * @param connections to upstream
 * @param left until it is whole, if it goes on like this; empty when nobody can say
 */
public record TransferProgress(
    String source,
    String state,
    long size,
    long there,
    long bytesPerSecond,
    int readers,
    int connections,
    Optional<Duration> left) {
  /** Whether nobody reads and nothing is fetched: it is kept open for who may come. */
  public boolean isIdle() {
    return readers == 0 && connections == 0 && !state.equals("verifying");
  }
}
