package io.intrahub.cli.pull;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** Has the mirror fetch what is missing, several files at a time. For one thread. */
final class Downloads {
  private final MirrorClient mirror;
  private final int workers;
  private final PullProgress progress;
  private final PullReport report;

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
      failed(worker, job, e.text());
    } catch (IOException e) {
      failed(worker, job, "the mirror broke off: " + SafeText.of(String.valueOf(e.getMessage())));
    }
  }

  private void failed(int worker, Job job, String why) {
    report.failed(job.plan, job.file, why);
    progress.failed(worker, why);
  }
}
