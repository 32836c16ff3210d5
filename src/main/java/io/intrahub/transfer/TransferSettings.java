package io.intrahub.transfer;

import io.intrahub.store.PartialBlob;
import io.intrahub.transfer.core.TransferLimits;
import java.time.Duration;

/**
 * Limits of transfers.
 *
 * @param openTimeout how long a client waits for the first byte before the head of its response
 *     goes out all the same
 * @param checkTimeout how much of that the head of a small content waits for its digest
 * @param abandonAfter how long a transfer without readers goes on before it is judged
 * @param finishIfLeft an abandoned transfer is finished when at most this many bytes are left
 * @param tries connections in a row that may bring next to nothing before upstream is given up
 * @param retryPause before the second try; longer before each further one
 * @param connectionsPerBlob connections that fetch one large content, at most
 * @param connectionsPerHost connections to one host of upstream, at most
 * @param largeBlobsAtOnce large ones that are fetched at the same time, at most
 * @param bytesPerSecond from upstream in all, at most; 0 for no limit
 * @param passThroughStreams contents that go to one client each and are not kept, at most
 * @param bufferBytes direct memory for what comes from upstream, 512 KiB or more
 */
public record TransferSettings(
    Duration openTimeout,
    Duration checkTimeout,
    Duration abandonAfter,
    long finishIfLeft,
    int tries,
    Duration retryPause,
    int connectionsPerBlob,
    int connectionsPerHost,
    int largeBlobsAtOnce,
    long bytesPerSecond,
    int passThroughStreams,
    long bufferBytes) {
  /** The numbers of the configuration reference. */
  public static final TransferSettings DEFAULT =
      new TransferSettings(
          Duration.ofSeconds(8),
          Duration.ofSeconds(3),
          Duration.ofSeconds(10),
          64L * 1024 * 1024,
          5,
          Duration.ofMillis(200),
          4,
          32,
          32,
          0,
          128,
          32L * 1024 * 1024);

  private static final int KIB = 1024;
  private static final int MIB = 1024 * KIB;

  /** Connections for what readers wait for here and there, beside the sequential ones. */
  private static final int URGENT = 16;

  /** Below the ten seconds after which the Python client takes a silent server for dead. */
  private static final Duration TRICKLE_INTERVAL = Duration.ofSeconds(3);

  Duration trickleInterval() {
    return TRICKLE_INTERVAL;
  }

  TransferLimits limits() {
    return new TransferLimits(
        PartialBlob.PIECE,
        connectionsPerBlob,
        URGENT,
        PartialBlob.PIECE,
        16 * MIB,
        256L * MIB,
        4 * MIB,
        tries,
        64 * KIB,
        retryPause,
        abandonAfter,
        finishIfLeft,
        64L * MIB,
        Duration.ofSeconds(5),
        MIB);
  }
}
