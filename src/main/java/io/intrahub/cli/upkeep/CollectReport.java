package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.policy.EvictionOrder;
import io.intrahub.store.fs.BlobReferences.Reference;
import io.intrahub.store.fs.StoreTrimmer.Item;
import io.intrahub.store.fs.disk.BlobKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Tells what an eviction removes. For one thread. */
final class CollectReport {
  /** How many items are listed: the largest. */
  static final int MAX_LISTED = 1_000;

  private final ReportOutput output;
  private final Map<BlobKey, List<Reference>> names;
  private final boolean dryRun;

  CollectReport(ReportOutput output, Map<BlobKey, List<Reference>> names, boolean dryRun) {
    this.output = output;
    this.names = names;
    this.dryRun = dryRun;
  }

  /**
   * Tells all of it.
   *
   * @param used what the store took before, in bytes
   * @param target what it may take, in bytes; empty if that has no limit
   */
  void tell(CollectSummary summary, long used, OptionalLong target) {
    long count = summary.all().count();
    long bytes = summary.all().bytes();
    boolean reached = target.isEmpty() || used - bytes <= target.getAsLong();
    ObjectNode result =
        JsonMapper.shared().createObjectNode().put("removed", !dryRun).put("used", used);
    target.ifPresent(size -> result.put("target", size));
    result.put("count", count).put("bytes", bytes).put("reached", reached);
    ObjectNode reasons = result.putObject("reasons");
    summary
        .reasons()
        .forEach((reason, sum) ->
            reasons.putObject(word(reason)).put("count", sum.count()).put("bytes", sum.bytes()));
    ArrayNode list = result.putArray("items");
    List<List<String>> rows = new ArrayList<>();
    long left = bytes;
    for (Item item : summary.largest()) {
      left -= item.bytes();
      node(item, list.addObject());
      rows.add(
          List.of(
              Amounts.size(item.bytes()),
              item.lastUse().toString(),
              reason(item) + "  " + name(item)));
    }
    Amounts.table(rows).forEach(output::line);
    if (count > rows.size()) {
      output.line(
          "and %s more, none of them larger, %s"
              .formatted(Amounts.count(count - rows.size(), "item"), Amounts.size(left)));
    }
    if (!reached) {
      output.error(
          "%s %s in use, or can't be evicted for another reason, so the store does not come down to"
                  .formatted(Amounts.size(used - bytes), dryRun ? "would be left" : "are left")
              + " "
              + Amounts.exactly(target.orElseThrow()));
    }
    output.end(
        result,
        reached,
        target.isPresent()
            ? last(count, bytes, used, target.getAsLong())
            : order(count, bytes, used));
  }

  private static String order(long count, long bytes, long used) {
    return "%s, %s, in the order in which they would go. The store takes %s, and its size has no limit"
            .formatted(Amounts.count(count, "item"), Amounts.size(bytes), Amounts.size(used))
        + " (store.max-size): nothing goes before its disk has less than store.min-free left.";
  }

  private String last(long count, long bytes, long used, long target) {
    if (count == 0 && used <= target) {
      return "Nothing has to go: the store takes %s, which is no more than %s."
          .formatted(Amounts.size(used), Amounts.exactly(target));
    }
    return "%s %s, %s: the store takes %s and is to take %s."
        .formatted(
            dryRun ? "Would evict" : "Evicted",
            Amounts.count(count, "item"),
            Amounts.size(bytes),
            Amounts.size(dryRun ? used : used - bytes),
            Amounts.exactly(target));
  }

  private void node(Item item, ObjectNode node) {
    node.put("kind", word(item.kind()))
        .put("reason", word(item.reason()))
        .put("bytes", item.bytes())
        .put("lastUse", item.lastUse().toString())
        .put("name", item.name());
    file(item)
        .ifPresent(file ->
            node.put("type", file.repo().type().singular())
                .put("repo", file.repo().id())
                .put("path", file.path().value()));
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private Optional<Reference> file(Item item) {
    return item.blob().flatMap(key -> names.getOrDefault(key, List.of()).stream().findFirst());
  }

  private String name(Item item) {
    String name =
        file(item)
            .map(file -> RepoNames.of(file.repo()) + ": " + RepoNames.of(file.path()))
            .orElse(item.name());
    return item.kind() == EvictionOrder.Kind.PIECES ? name + " (unfinished)" : name;
  }

  private String reason(Item item) {
    return switch (item.reason()) {
      case SUPERSEDED ->
          item.blob().isPresent() && file(item).isEmpty() ? "unreferenced" : "superseded";
      case OLD_PIECES -> "unfinished";
      case LEAST_RECENTLY_USED -> "least recently used";
      case METADATA -> "metadata";
    };
  }
}
