package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.store.fs.BlobReferences.Reference;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.StoreTrimmer;
import io.intrahub.store.fs.disk.BlobKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An eviction before the store is full.
 *
 * @param target how many bytes the store may take afterwards; empty: those of the low watermark
 * @param dryRun whether only the report is wanted
 */
record CollectJob(OptionalLong target, boolean dryRun) implements UpkeepJob {
  static final String NAME = "gc";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public byte[] toJson() {
    ObjectNode json = JsonMapper.shared().createObjectNode().put("dryRun", dryRun);
    target.ifPresent(bytes -> json.put("target", bytes));
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  static Optional<CollectJob> ofJson(byte[] request) {
    try {
      JsonNode json = JsonMapper.shared().readTree(request);
      // Without the word, nothing must be evicted.
      JsonNode dryRun = json.path("dryRun");
      long bytes = json.path("target").asLong(-1);
      boolean isKnown = dryRun.isBoolean() && (bytes >= 0 || !json.has("target"));
      OptionalLong target = bytes < 0 ? OptionalLong.empty() : OptionalLong.of(bytes);
      return isKnown ? Optional.of(new CollectJob(target, dryRun.asBoolean())) : Optional.empty();
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  @Override
  public void prepare(FsStore store) {
    store.count();
  }

  @Override
  public void run(UpkeepStore upkeep, ReportOutput output) throws CommandException, IOException {
    StoreTrimmer trimmer = upkeep.store().trimmer();
    if (!trimmer.usage().counted()) {
      throw new CommandException(
          ExitCode.UNAVAILABLE,
          "The store is still being counted after its start. Try again in a few minutes.");
    }
    OptionalLong to = target.isPresent() ? target : trimmer.lowWatermark();
    if (to.isEmpty() && !dryRun) {
      throw new CommandException(
          ExitCode.USAGE,
          "The size of the store has no limit (store.max-size), so there is no watermark to go"
              + " down to. Name a size with --to, or see the order with --dry-run.");
    }
    long used = trimmer.usage().used();
    CollectSummary planned = new CollectSummary(CollectReport.MAX_LISTED);
    // Without a limit, the order of everything.
    trimmer.plan(to.orElse(0), planned);
    // Before anything goes: the manifests that name the files may go with them.
    Map<BlobKey, List<Reference>> names = names(upkeep, planned);
    CollectSummary summary = planned;
    if (!dryRun) {
      summary = new CollectSummary(CollectReport.MAX_LISTED);
      trimmer.trim(to.orElseThrow(), summary);
    }
    new CollectReport(output, names, dryRun).tell(summary, used, to);
  }

  private static Map<BlobKey, List<Reference>> names(UpkeepStore upkeep, CollectSummary summary)
      throws IOException {
    Set<BlobKey> blobs =
        summary.largest().stream()
            .flatMap(item -> item.blob().stream())
            .collect(Collectors.toSet());
    return upkeep.store().references().find(blobs, 1);
  }
}
