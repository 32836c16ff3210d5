package io.intrahub.transfer;

import java.time.Duration;

/**
 * Limits of transfers.
 *
 * @param openTimeout how long a client waits for the first byte before it is told that upstream is
 *     slow; the fill goes on
 * @param abandonAfter how long a fill without readers goes on before it is judged
 * @param finishIfLeft an abandoned fill is finished when at most this many bytes are left
 * @param tries connections in a row that may bring next to nothing before a fill gives up
 * @param retryPause before the second try; longer before each further one
 */
public record TransferSettings(
    Duration openTimeout,
    Duration abandonAfter,
    long finishIfLeft,
    int tries,
    Duration retryPause) {
  /** The numbers of the configuration reference. */
  public static final TransferSettings DEFAULT =
      new TransferSettings(
          Duration.ofSeconds(8),
          Duration.ofSeconds(10),
          64L * 1024 * 1024,
          5,
          Duration.ofMillis(200));
}
