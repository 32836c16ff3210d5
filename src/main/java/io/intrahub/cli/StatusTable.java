package io.intrahub.cli;

import io.intrahub.cli.command.Amounts;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Formats the JSON of {@code /status} as a table. */
final class StatusTable {
  private static final List<String> HEAD =
      List.of("STATE", "DONE", "OF", "RATE", "READERS", "CONNECTIONS", "LEFT", "SOURCE");

  private StatusTable() {}

  /** The lines to print. A member that is missing counts as 0: an older mirror may be asked. */
  static List<String> lines(JsonNode status) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "intrahub "
            + status.path("version").asString("")
            + ", up "
            + Amounts.time(status.path("uptimeSeconds").asLong(0)));
    lines.add("upstream     " + status.path("upstream").asString(""));
    lines.add("store        " + store(status.path("store")));
    JsonNode connections = status.path("connections");
    lines.add(
        "connections  %d, %d waiting"
            .formatted(connections.path("taken").asLong(0), connections.path("waiting").asLong(0)));
    if (!status.path("removedRepos").isEmpty()) {
      lines.add(
          "removed      " + status.path("removedReposCount").asLong(0) + " repos at the Hub:");
      status.path("removedRepos").forEach(repo -> lines.add("             " + removed(repo)));
    }
    status
        .path("seeds")
        .valueStream()
        .filter(seed -> seed.path("state").asString("").equals("hanging"))
        .forEach(seed ->
            lines.add("seed         " + seed.path("path").asString("") + " does not answer"));
    lines.add("passed on    %d, not kept".formatted(status.path("passThrough").asLong(0)));
    status.path("quotas").valueStream().forEach(quota -> lines.add(quota(quota)));
    JsonNode transfers = status.path("transfers");
    if (transfers.isEmpty()) {
      lines.add("transfers    none");
      return lines;
    }
    lines.add("transfers    " + transfers.size());
    lines.add("");
    lines.addAll(table(transfers));
    return lines;
  }

  /** {@code model acme/x, missing since 2026-06-01T10:00:00Z: Repository not found}. */
  private static String removed(JsonNode repo) {
    return "%s, %s since %s: %s"
        .formatted(
            repo.path("repo").asString(""),
            repo.path("state").asString(""),
            repo.path("since").asString(""),
            repo.path("hubSaid").asString(""));
  }

  private static String store(JsonNode store) {
    long used =
        store.path("bytes").asLong(0)
            + store.path("partialBytes").asLong(0)
            + store.path("reserved").asLong(0);
    StringBuilder line = new StringBuilder(size(used)).append(" used");
    line.append(
        store.hasNonNull("limit") ? " of " + size(store.get("limit").asLong(0)) : ", no limit");
    if (store.hasNonNull("free")) {
      line.append(", ").append(size(store.get("free").asLong(0))).append(" free");
    }
    line.append(
        ", %d files, %d in parts"
            .formatted(
                store.path("blobs").asLong(0),
                store.path("partials").asLong(0) + store.path("writers").asLong(0)));
    if (!store.path("counted").asBoolean(true)) {
      line.append(" (still counting)");
    }
    return line.toString();
  }

  private static String quota(JsonNode quota) {
    return "calls left   %d of %d (%s, %s), new window in %s"
        .formatted(
            quota.path("left").asLong(0),
            quota.path("limit").asLong(0),
            quota.path("quota").asString(""),
            quota.path("identity").asString(""),
            Amounts.time(quota.path("resetsInSeconds").asLong(0)));
  }

  private static List<String> table(JsonNode transfers) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(HEAD);
    for (JsonNode t : transfers) {
      long size = t.path("size").asLong(0);
      long available = t.path("there").asLong(0);
      rows.add(
          List.of(
              t.path("state").asString(""),
              percent(available, size),
              size(size),
              size(t.path("bytesPerSecond").asLong(0)) + "/s",
              Long.toString(t.path("readers").asLong(0)),
              Long.toString(t.path("connections").asLong(0)),
              t.hasNonNull("etaSeconds") ? Amounts.time(t.get("etaSeconds").asLong(0)) : "-",
              t.path("source").asString("")));
    }
    return Amounts.table(rows);
  }

  /** Not 100 % before all of it is there. */
  private static String percent(long available, long size) {
    return (size == 0 ? 100 : (long) Math.floor(100.0 * available / size)) + " %";
  }

  /** As {@link Amounts#size}. */
  static String size(long bytes) {
    return Amounts.size(bytes);
  }
}
