package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StoredNames;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.fs.RemovalPlan;
import io.intrahub.store.fs.RemovalPlan.Target;
import io.intrahub.store.fs.RepoRemoval;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Repos and revisions to be removed.
 *
 * @param dryRun whether only the report is wanted
 */
record RemoveJob(List<Target> targets, boolean dryRun) implements UpkeepJob {
  static final String NAME = "rm";

  RemoveJob {
    targets = List.copyOf(targets);
  }

  /** Reads {@code REPO[@REVISION]}; empty if it has another form. */
  static Optional<Target> target(String text) {
    int at = text.indexOf('@');
    String name = at < 0 ? text : text.substring(0, at);
    Optional<RepoId> repo = RepoNames.parse(name);
    if (repo.isEmpty() || at < 0) {
      return repo.map(id -> new Target(id, Optional.empty()));
    }
    return Revision.parse(text.substring(at + 1))
        .map(revision -> new Target(repo.get(), Optional.of(revision)));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public byte[] toJson() {
    ObjectNode json = JsonMapper.shared().createObjectNode().put("dryRun", dryRun);
    targets.forEach(target -> json.withArray("targets").add(target.toString()));
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  static Optional<RemoveJob> ofJson(byte[] request) {
    try {
      JsonNode json = JsonMapper.shared().readTree(request);
      List<Target> targets = new ArrayList<>();
      for (JsonNode text : json.path("targets")) {
        Optional<Target> target = target(text.asString());
        if (target.isEmpty()) {
          return Optional.empty();
        }
        targets.add(target.get());
      }
      // Without the word, nothing must be removed.
      JsonNode dryRun = json.path("dryRun");
      return targets.isEmpty() || !dryRun.isBoolean()
          ? Optional.empty()
          : Optional.of(new RemoveJob(targets, dryRun.asBoolean()));
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  @Override
  public void run(UpkeepStore store, ReportOutput output) throws CommandException, IOException {
    try (RepoRemoval removal = store.store().remover().begin(targets)) {
      RemovalPlan plan = removal.plan();
      if (!plan.missing().isEmpty()) {
        List<RepoId> stored = store.store().readOnly().repos();
        throw new CommandException(
            ExitCode.NOT_FOUND,
            StoredNames.sentence(
                "Nothing is stored of "
                    + plan.missing().stream()
                        .map(Target::toString)
                        .collect(Collectors.joining(", "))
                    + ", so nothing was removed"
                    + plan.missing().stream()
                        .map(target -> RepoNames.hint(target.repo(), stored))
                        .filter(hint -> !hint.isEmpty())
                        .findFirst()
                        .orElse("")));
      }
      RemoveReport report = new RemoveReport(output, plan);
      if (dryRun) {
        report.planned();
      } else {
        report.removed(removal.run(store.guard()));
      }
    }
  }
}
