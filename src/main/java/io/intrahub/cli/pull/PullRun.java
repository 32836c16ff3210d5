package io.intrahub.cli.pull;

import io.intrahub.cli.command.Amounts;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** Pulls revisions through one mirror: looks, says what there is to do, and does it. */
final class PullRun {
  private final MirrorClient mirror;
  private final PullPlanner planner;
  private final SpaceSource space;
  private final Optional<String> hub;
  private final PullConsole console;
  private final int jobs;
  private final PullReport report = new PullReport();

  /** Tells how much the store can take now. */
  interface SpaceSource {
    /**
     * Asks.
     *
     * @throws IOException if the mirror does not answer
     */
    StoreSpace ask() throws IOException, InterruptedException, CommandException;
  }

  /**
   * Prepares it.
   *
   * @param hub the address that the mirror asks; empty if that is not known
   */
  PullRun(
      MirrorClient mirror,
      PullPlanner planner,
      SpaceSource space,
      Optional<String> hub,
      PullConsole console,
      int jobs) {
    this.hub = hub;
    this.mirror = mirror;
    this.planner = planner;
    this.space = space;
    this.console = console;
    this.jobs = jobs;
  }

  /**
   * Does it.
   *
   * @throws CommandException if the files can't all be in the store at a time
   * @throws InterruptedException if it was stopped, after it said so
   */
  ExitCode run(List<WantedRevision> wanted)
      throws CommandException, IOException, InterruptedException {
    try {
      List<RevisionPlan> plans = plan(wanted);
      if (!plans.isEmpty()) {
        announce(plans, space.ask());
        fetch(plans);
      }
      if (report.isOutage()) {
        console.error(
            "The Hub "
                + hub.map(address -> "at " + address + " ").orElse("")
                + "could not be reached; intrahub doctor says why");
      }
      end(false);
      return report.isComplete() ? ExitCode.OK : ExitCode.INCOMPLETE;
    } catch (InterruptedException e) {
      end(true);
      throw e;
    }
  }

  private List<RevisionPlan> plan(List<WantedRevision> wanted) throws InterruptedException {
    List<RevisionPlan> plans = new ArrayList<>();
    for (WantedRevision one : wanted) {
      try {
        RevisionPlan plan = planner.plan(one);
        report.planned(plan);
        plans.add(plan);
      } catch (MirrorErrorException e) {
        report.answered(e);
        refused(one, e.text());
      } catch (IOException e) {
        refused(one, SafeText.of(String.valueOf(e.getMessage())));
      }
    }
    return plans;
  }

  private void refused(WantedRevision wanted, String why) {
    report.refused(wanted, why);
    console.error(wanted + ": " + why);
  }

  private void announce(List<RevisionPlan> plans, StoreSpace store) throws CommandException {
    int files = plans.stream().mapToInt(RevisionPlan::files).sum();
    int missing = plans.stream().mapToInt(plan -> plan.missing().size()).sum();
    long bytes = plans.stream().mapToLong(RevisionPlan::bytes).sum();
    long missingBytes = plans.stream().mapToLong(RevisionPlan::missingBytes).sum();
    console.line(
        "%s, %s; stored already: %s, %s; %s"
            .formatted(
                Amounts.count(files, "file"),
                Amounts.size(bytes),
                Amounts.count(files - missing, "file"),
                Amounts.size(bytes - missingBytes),
                store.describe()));
    plans.forEach(plan -> console.line(describe(plan)));
    if (missing == 0) {
      return;
    }
    var refusal = store.refusal(bytes);
    if (refusal.isPresent()) {
      throw new CommandException(ExitCode.CONFIG, refusal.get());
    }
    long evicted = store.evicted(missingBytes);
    if (evicted > 0) {
      console.line(
          "The store evicts about " + Amounts.size(evicted) + " that was not used for longest.");
    }
  }

  private static String describe(RevisionPlan plan) {
    return "%s (%s): %s, %s, to fetch: %s, %s"
        .formatted(
            plan.wanted(),
            plan.commit().hex().substring(0, 8),
            Amounts.count(plan.files(), "file"),
            Amounts.size(plan.bytes()),
            Amounts.count(plan.missing().size(), "file"),
            Amounts.size(plan.missingBytes()));
  }

  private void fetch(List<RevisionPlan> plans) throws InterruptedException {
    int missing = plans.stream().mapToInt(plan -> plan.missing().size()).sum();
    long bytes =
        plans.stream().flatMap(plan -> plan.missing().stream()).mapToLong(PulledFile::size).sum();
    if (missing == 0) {
      return;
    }
    try (PullProgress progress = console.progress(jobs, missing, bytes)) {
      new Downloads(mirror, jobs, progress, report).run(plans);
    }
  }

  private void end(boolean stopped) {
    if (console.json()) {
      ObjectNode result = report.json().put("stopped", stopped);
      console.out().println(result);
      console.out().flush();
    } else {
      console.line(
          report.summary()
              + (stopped ? " Stopped; what arrived stays, and the same command continues." : ""));
    }
  }
}
