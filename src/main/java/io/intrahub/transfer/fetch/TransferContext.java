package io.intrahub.transfer.fetch;

import io.intrahub.base.DirectBufferPool;
import io.intrahub.metrics.Meters;
import io.intrahub.transfer.limits.BandwidthLimiter;
import io.intrahub.transfer.limits.ConnectionLimiter;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;

/**
 * What all transfers share. Each part is safe for use by many threads.
 *
 * @param threads a thread per task
 * @param timer runs short tasks only
 * @param nanoTime a time that never goes back
 * @param buffers that bytes go through on their way to the disk, apart from those for clients: slow
 *     clients must not hold up what comes
 * @param connectionLimiter connections
 * @param bandwidthLimiter bytes per second
 * @param meters where the operator sees what goes on
 */
public record TransferContext(
    Executor threads,
    ScheduledExecutorService timer,
    LongSupplier nanoTime,
    DirectBufferPool buffers,
    ConnectionLimiter connectionLimiter,
    BandwidthLimiter bandwidthLimiter,
    Meters meters) {}
