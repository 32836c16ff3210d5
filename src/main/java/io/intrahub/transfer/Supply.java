package io.intrahub.transfer;

import io.intrahub.base.DirectBufferPool;
import io.intrahub.metrics.Meters;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;

/**
 * What all transfers share. Each part is safe for use by many threads.
 *
 * @param threads a thread per task
 * @param timer runs short tasks only
 * @param nanos a time that never goes back
 * @param buffers that bytes go through on their way to the disk, apart from those for clients: slow
 *     clients must not hold up what comes
 * @param lanes connections
 * @param pace bytes per second
 * @param meters where the operator sees what goes on
 */
record Supply(
    Executor threads,
    ScheduledExecutorService timer,
    LongSupplier nanos,
    DirectBufferPool buffers,
    Lanes lanes,
    Pace pace,
    Meters meters) {}
