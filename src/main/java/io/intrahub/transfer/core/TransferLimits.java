package io.intrahub.transfer.core;

import java.time.Duration;

/**
 * The numbers a transfer goes by. Bytes where nothing else is said.
 *
 * @param piece bytes of a piece
 * @param connections connections that fetch a whole blob, at most
 * @param urgentConnections connections beside these that fetch what a reader waits for elsewhere,
 *     at most
 * @param firstClaim that is fetched at least, and first ahead of one who reads part after part
 * @param maxClaim that any connection fetches before it looks around again
 * @param readAheadWindow how far ahead of the first missing byte a transfer fetches what nobody
 *     waits for
 * @param nearby a connection this close to a byte is waited for
 * @param tries connections in a row that may bring next to nothing
 * @param progress bytes that are more than next to nothing
 * @param retryPause before the second try; doubled for each further one
 * @param abandonAfter how long a transfer without readers goes on before it is judged
 * @param finishIfLeft it is finished if at most this is missing
 * @param syncBytes written bytes that a power cut may cost
 * @param syncTime as long as they may wait to be made durable, if more come
 * @param hashStep that is worth waking the hash for
 */
public record TransferLimits(
    int piece,
    int connections,
    int urgentConnections,
    long firstClaim,
    long maxClaim,
    long readAheadWindow,
    long nearby,
    int tries,
    long progress,
    Duration retryPause,
    Duration abandonAfter,
    long finishIfLeft,
    long syncBytes,
    Duration syncTime,
    long hashStep) {}
