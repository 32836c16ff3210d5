package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.fs.RemovalPlan;
import io.intrahub.store.fs.RemovalPlan.Part;
import io.intrahub.store.fs.RepoRemoval.Outcome;
import java.util.List;
import java.util.SortedSet;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Tells what a removal does. For one thread. */
final class RemoveReport {
  /** How many names a line has. */
  private static final int MAX_NAMES = 5;

  private final ReportOutput output;
  private final RemovalPlan plan;
  private final ObjectNode result = JsonMapper.shared().createObjectNode();

  RemoveReport(ReportOutput output, RemovalPlan plan) {
    this.output = output;
    this.plan = plan;
  }

  /** Tells what would go. */
  void planned() {
    result.put("removed", false).put("files", plan.blobs().size()).put("bytes", plan.bytes());
    parts("Would remove");
    output.line(
        "Would free %s of %s."
            .formatted(Amounts.size(plan.bytes()), Amounts.count(plan.blobs().size(), "file")));
    shared();
    output.end(result, true, "");
  }

  /** Tells what went. */
  void removed(Outcome outcome) {
    result
        .put("removed", true)
        .put("files", outcome.files())
        .put("bytes", outcome.bytes())
        .put("inUse", outcome.inUse())
        .put("spared", outcome.spared())
        .put("failed", outcome.failed());
    parts("Removed");
    output.line(
        "Freed %s of %s."
            .formatted(Amounts.size(outcome.bytes()), Amounts.count(outcome.files(), "file")));
    shared();
    if (outcome.inUse() > 0) {
      output.line(
          Amounts.count(outcome.inUse(), "file")
              + " in use now stay until they are evicted: nothing names them any more, so they are"
              + " the first to go.");
    }
    if (outcome.spared() > 0) {
      output.line(
          Amounts.count(outcome.spared(), "file")
              + " stay too: a commit that was stored meanwhile names them.");
    }
    if (outcome.failed() > 0) {
      output.error(
          Amounts.count(outcome.failed(), "file")
              + " could not be deleted and stay until they are evicted; the log says why");
    }
    output.end(result, outcome.failed() == 0 && !staysByHash(), "");
  }

  /** Whether a commit that was named by its hash stays. */
  private boolean staysByHash() {
    return plan.parts().stream()
        .anyMatch(part ->
            part.revisions().stream()
                .anyMatch(named -> named.asCommit().filter(part.kept()::containsKey).isPresent()));
  }

  private void parts(String verb) {
    ArrayNode repos = result.putArray("repos");
    for (Part part : plan.parts()) {
      ObjectNode node =
          repos
              .addObject()
              .put("type", part.repo().type().singular())
              .put("repo", part.repo().id())
              .put("whole", part.whole());
      ArrayNode revisions = node.putArray("revisions");
      part.revisions().forEach(revision -> revisions.add(revision.value()));
      ArrayNode commits = node.putArray("commits");
      part.commits().forEach(commit -> commits.add(commit.hex()));
      ObjectNode kept = node.putObject("kept");
      part.kept()
          .forEach(
              (commit, by) -> by.forEach(name -> kept.withArray(commit.hex()).add(name.value())));
      output.line(line(verb, part));
      part.kept().forEach((commit, by) -> output.line(stays(part.repo(), commit, by)));
    }
  }

  private static String line(String verb, Part part) {
    List<String> names =
        part.revisions().stream()
            .filter(revision -> revision.asCommit().isEmpty())
            .map(Revision::value)
            .sorted()
            .toList();
    return "%s %s%s: %s%s."
        .formatted(
            verb,
            part.whole() ? "all of " : "from ",
            RepoNames.of(part.repo()),
            Amounts.count(part.commits().size(), "commit"),
            names.isEmpty()
                ? ""
                : (names.size() == 1 ? " and the revision " : " and the revisions ") + some(names));
  }

  private static String stays(RepoId repo, CommitHash commit, List<Revision> by) {
    return "%s at %s stays: %s %s at it."
        .formatted(
            RepoNames.of(repo),
            commit.hex(),
            some(by.stream().map(Revision::value).sorted().toList()),
            by.size() == 1 ? "is" : "are");
  }

  private void shared() {
    RemovalPlan.Shared shared = plan.shared();
    ObjectNode node =
        result.putObject("shared").put("files", shared.files()).put("bytes", shared.bytes());
    add(node, "repos", shared.repos());
    add(node, "unread", shared.unread());
    if (!shared.repos().isEmpty()) {
      output.line(
          "%s, %s, stay: other commits name them, of %s."
              .formatted(
                  Amounts.count(shared.files(), "file"),
                  Amounts.size(shared.bytes()),
                  some(List.copyOf(shared.repos()))));
    }
    if (!shared.unread().isEmpty()) {
      output.line(
          "Files stay that the lists of %s may name, which can't be read; see the log."
              .formatted(some(List.copyOf(shared.unread()))));
    }
  }

  private static void add(ObjectNode node, String name, SortedSet<String> repos) {
    ArrayNode list = node.putArray(name);
    repos.forEach(list::add);
  }

  /** The first of some names: those of the Hub have no control characters. */
  private static String some(List<String> names) {
    String first = names.stream().limit(MAX_NAMES).collect(Collectors.joining(", "));
    return names.size() > MAX_NAMES
        ? first + " and " + (names.size() - MAX_NAMES) + " more"
        : first;
  }
}
