package io.intrahub.cli.pull;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/** Has the mirror fetch what is missing, several files at a time. For one thread. */
final class Downloads {
  private final MirrorClient mirror;
  private final int workers;
  private final PullProgress progress;
  private final PullReport report;

  /** The first refusal of each revision, which is about its repo. */
  private final Map<WantedRevision, String> refusals = new ConcurrentHashMap<>();

  /** One file to fetch. */
  private record Job(RevisionPlan plan, PulledFile file) {}

  Downloads(MirrorClient mirror, int workers, PullProgress progress, PullReport report) {
    this.mirror = mirror;
    this.workers = workers;
    this.progress = progress;
    this.report = report;
  }

  /** Fetches the missing files of plans. One that fails is reported, and the others go on. */
  void run(List<RevisionPlan> plans) throws InterruptedException {
    List<Job> jobs = new ArrayList<>();
    for (RevisionPlan plan : plans) {
      plan.missing().forEach(file -> jobs.add(new Job(plan, file)));
    }
    boolean several = plans.size() > 1;
    try {
      Workers.each(workers, jobs, (worker, job) -> fetch(worker, job, several));
    } catch (ExecutionException e) {
      throw new IllegalStateException("a file could not be fetched for an unknown reason", e);
    }
  }

  private void fetch(int worker, Job job, boolean several) throws InterruptedException {
    String path = SafeText.of(job.file.path());
    String name = several ? job.plan.wanted() + "/" + path : path;
    progress.begin(worker, name, job.file.size());
    try {
      mirror.fetch(
          job.plan.wanted().repo(),
          job.plan.commit(),
          job.file.path(),
          bytes -> progress.at(worker, bytes));
      report.fetched(job.plan, job.file);
      progress.done(worker);
    } catch (MirrorErrorException e) {
      report.answered(e);
      report.failed(job.plan, job.file, e.text());
      progress.failed(worker, isRepeated(job, e) ? "" : e.text());
    } catch (IOException e) {
      String why = "the mirror broke off: " + SafeText.of(String.valueOf(e.getMessage()));
      report.failed(job.plan, job.file, why);
      progress.failed(worker, why);
    }
  }

  /** Whether it is the refusal of a repo that was printed for another file. */
  private boolean isRepeated(Job job, MirrorErrorException e) {
    if (!e.isRefusal()) {
      return false;
    }
    String before = refusals.putIfAbsent(job.plan.wanted(), e.text());
    return e.text().equals(before);
  }
}
