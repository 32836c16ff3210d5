package io.intrahub.transfer.core;

import java.util.List;
import java.util.OptionalLong;

/**
 * What is to be done now. The state counts all of it as begun; the one who asked must do it and
 * report.
 *
 * @param start runs to be made, each reported by {@link TransferState#ended}
 * @param hash whether the hash has something to follow: see {@link TransferState#hashTarget}
 * @param sync whether what is written should be made durable, reported by {@link
 *     TransferState#synced}
 * @param publish whether the whole is hashed and to be published, reported by {@link
 *     TransferState#published} or {@link TransferState#wrong}
 * @param close whether the transfer has ended with nothing under way: no reader, no run
 * @param wakeAt when to ask again at the latest, in nanoseconds of the time given
 */
public record Plan(
    List<Run> start,
    boolean hash,
    boolean sync,
    boolean publish,
    boolean close,
    OptionalLong wakeAt) {}
