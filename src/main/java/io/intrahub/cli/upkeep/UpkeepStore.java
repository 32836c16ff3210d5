package io.intrahub.cli.upkeep;

import io.intrahub.store.RemovalGuard;
import io.intrahub.store.fs.FsStore;

/**
 * The store that a job works on, with what differs between a running mirror and a command alone.
 *
 * @param guard what removals go through
 */
record UpkeepStore(FsStore store, RemovalGuard guard) {}
