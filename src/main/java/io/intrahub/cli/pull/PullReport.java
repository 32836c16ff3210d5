package io.intrahub.cli.pull;

import io.intrahub.cli.command.Amounts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Collects what a pull did. Sizes are in bytes. Safe for use by many threads. */
final class PullReport {
  /** More failed files than this are only counted in the JSON. */
  private static final int MAX_FAILED = 1000;

  /** Guarded by this, and so is what is in it. */
  private final Map<WantedRevision, Counts> plans = new LinkedHashMap<>();

  /** The revisions that could not be looked up, with the reason. Guarded by this. */
  private final Map<WantedRevision, String> refused = new LinkedHashMap<>();

  /** Guarded by this. */
  private boolean outage;

  /** What was done for a revision. Guarded by the report. */
  private static final class Counts {
    private final RevisionPlan plan;
    private int fetched;
    private long fetchedBytes;
    private int failed;
    private final List<Failed> firstFailed = new ArrayList<>();

    Counts(RevisionPlan plan) {
      this.plan = plan;
    }

    int missing() {
      return plan.missing().size() - fetched;
    }
  }

  private record Failed(PulledFile file, String why) {}

  /** What is to be done for a revision. */
  synchronized void planned(RevisionPlan plan) {
    plans.put(plan.wanted(), new Counts(plan));
  }

  /** A revision that can't be pulled. */
  synchronized void refused(WantedRevision wanted, String why) {
    refused.put(wanted, why);
  }

  /** What the mirror answered instead of a file or a revision. */
  synchronized void answered(MirrorErrorException error) {
    outage |= error.isOutage();
  }

  /** Whether the mirror said that it could not reach the Hub. */
  synchronized boolean isOutage() {
    return outage;
  }

  /** A file is stored now. */
  synchronized void fetched(RevisionPlan plan, PulledFile file) {
    Counts counts = counts(plan);
    counts.fetched++;
    counts.fetchedBytes += file.isCopy() ? 0 : file.size();
  }

  /** A file is not stored. */
  synchronized void failed(RevisionPlan plan, PulledFile file, String why) {
    Counts counts = counts(plan);
    counts.failed++;
    if (counts.firstFailed.size() < MAX_FAILED) {
      counts.firstFailed.add(new Failed(file, why));
    }
  }

  private Counts counts(RevisionPlan plan) {
    return plans.computeIfAbsent(plan.wanted(), _ -> new Counts(plan));
  }

  /** Whether all files of all revisions are stored. */
  synchronized boolean isComplete() {
    return refused.isEmpty() && plans.values().stream().allMatch(one -> one.missing() == 0);
  }

  /** The last line for a person. */
  synchronized String summary() {
    long fetched = plans.values().stream().mapToLong(counts -> counts.fetched).sum();
    long bytes = plans.values().stream().mapToLong(counts -> counts.fetchedBytes).sum();
    long missing = plans.values().stream().mapToLong(Counts::missing).sum();
    return "Fetched "
        + Amounts.count(fetched, "file")
        + ", "
        + Amounts.size(bytes)
        + (missing == 0 ? "." : "; " + Amounts.count(missing, "file") + " not stored.");
  }

  /** All of it as JSON. */
  synchronized ObjectNode json() {
    ObjectNode result = JsonMapper.shared().createObjectNode();
    ArrayNode repos = result.putArray("repos");
    plans.forEach((wanted, counts) -> describe(counts, node(repos, wanted)));
    refused.forEach((wanted, why) -> node(repos, wanted).put("error", why));
    return result;
  }

  private static ObjectNode node(ArrayNode repos, WantedRevision wanted) {
    return repos
        .addObject()
        .put("type", wanted.repo().type().singular())
        .put("repo", wanted.repo().id())
        .put("revision", wanted.revision().value());
  }

  private static void describe(Counts counts, ObjectNode node) {
    RevisionPlan plan = counts.plan;
    node.put("commit", plan.commit().hex())
        .put("files", plan.files())
        .put("bytes", plan.bytes())
        .put("stored", plan.files() - plan.missing().size())
        .put("storedBytes", plan.bytes() - plan.missingBytes())
        .put("fetched", counts.fetched)
        .put("fetchedBytes", counts.fetchedBytes)
        .put("failedCount", counts.failed);
    ArrayNode failed = node.putArray("failed");
    counts.firstFailed.forEach(
        one -> failed.addObject().put("path", one.file.path().value()).put("why", one.why));
  }
}
