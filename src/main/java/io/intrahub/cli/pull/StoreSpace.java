package io.intrahub.cli.pull;

import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.RunningMirror;
import io.intrahub.config.Config;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.databind.JsonNode;

/**
 * How much a store can take, in bytes.
 *
 * @param used what it has, metadata included
 * @param fixed the part of that which is not evicted for files: metadata
 * @param free bytes of its disk that are free; empty if nobody knows
 * @param keepFree bytes of the disk that it leaves free
 * @param limit {@code store.max-size}; empty if there is none
 * @param usable how much of the limit is filled before files are evicted
 */
record StoreSpace(
    long used, long fixed, OptionalLong free, long keepFree, OptionalLong limit, long usable) {
  private static final Duration POLL = Duration.ofMillis(50);

  /** A store of many millions of files takes longer to count; its numbers are then too low. */
  private static final int MOST_POLLS = 600;

  /**
   * Asks a mirror, and waits for a while until it has counted its store after a start.
   *
   * @param operator its operator's listener
   * @param store the options of the store
   * @throws IOException if it does not answer
   */
  static StoreSpace ask(URI operator, Config.Store store)
      throws IOException, InterruptedException, CommandException {
    JsonNode told = RunningMirror.ask(operator).status().path("store");
    for (int i = 0; i < MOST_POLLS && !told.path("counted").asBoolean(true); i++) {
      Thread.sleep(POLL);
      told = RunningMirror.ask(operator).status().path("store");
    }
    long fixed = told.path("metadataBytes").asLong();
    OptionalLong limit = number(told.path("limit"));
    return new StoreSpace(
        told.path("bytes").asLong()
            + told.path("partialBytes").asLong()
            + told.path("reserved").asLong()
            + fixed,
        fixed,
        number(told.path("free")),
        store.minFree().bytes(),
        limit,
        limit.orElse(Long.MAX_VALUE) / 100 * store.highWatermark());
  }

  private static OptionalLong number(JsonNode node) {
    return node.isNumber() ? OptionalLong.of(node.asLong()) : OptionalLong.empty();
  }

  /**
   * Says why files can't all be in the store at a time, whatever else is evicted.
   *
   * @param bytes of all the files, stored ones included
   * @return a message for the operator; empty if they can
   */
  Optional<String> refusal(long bytes) {
    if (limit.isPresent() && bytes > usable - fixed) {
      return Optional.of(
          "The files take %s, but the store is limited to %s (store.max-size), of which files may fill %s. Raise store.max-size, or pull less with --include and --exclude."
              .formatted(
                  Amounts.size(bytes),
                  Amounts.size(limit.getAsLong()),
                  Amounts.size(Math.max(0, usable - fixed))));
    }
    if (free.isPresent() && bytes > used - fixed + free.getAsLong() - keepFree) {
      return Optional.of(
          "The files take %s, but the disk of the store has %s free, of which %s stay free (store.min-free), and files that could be evicted take %s. Free space on the disk, or pull less with --include and --exclude."
              .formatted(
                  Amounts.size(bytes),
                  Amounts.size(free.getAsLong()),
                  Amounts.size(keepFree),
                  Amounts.size(used - fixed)));
    }
    return Optional.empty();
  }

  /**
   * How much has to be evicted to store some more.
   *
   * @param bytes that are not stored yet
   */
  long evicted(long bytes) {
    long overLimit = limit.isPresent() ? used + bytes - usable : 0;
    long overDisk = free.isPresent() ? bytes + keepFree - free.getAsLong() : 0;
    return Math.max(0, Math.max(overLimit, overDisk));
  }

  /** For a person: the free space and the limit. */
  String describe() {
    return "free space on the disk: "
        + (free.isPresent() ? Amounts.size(free.getAsLong()) : "unknown")
        + "; limit of the store: "
        + (limit.isPresent() ? Amounts.size(limit.getAsLong()) : "none");
  }
}
