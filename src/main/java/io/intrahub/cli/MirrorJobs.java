package io.intrahub.cli;

import io.intrahub.admin.OperatorJobs;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.JobEvents;
import io.intrahub.cli.command.MirrorJob;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs that commands may have a running mirror do, on the threads of their requests. Safe for
 * use by many threads.
 */
final class MirrorJobs implements OperatorJobs, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MirrorJobs.class);

  private static final int BEAT_SECONDS = 10;

  private final Map<String, MirrorJob> jobs;
  private final JobChallenges challenges;
  private final Executor tasks;
  private final ScheduledExecutorService timer;

  /** What is being done now. Guarded by itself. */
  private final List<MirrorJob> running = new ArrayList<>();

  /** Set once, when the mirror stops. */
  private volatile boolean closed;

  MirrorJobs(
      List<MirrorJob> jobs,
      JobChallenges challenges,
      Executor tasks,
      ScheduledExecutorService timer) {
    this.jobs = jobs.stream().collect(Collectors.toMap(MirrorJob::name, Function.identity()));
    this.challenges = challenges;
    this.tasks = tasks;
    this.timer = timer;
  }

  @Override
  public Set<String> names() {
    return jobs.keySet();
  }

  @Override
  public String challenge() {
    return challenges.next();
  }

  @Override
  public Admission admit(String job, byte[] request, String challenge, String signature) {
    return challenges.admit(job, request, challenge, signature);
  }

  @Override
  public String prove(String signature) {
    return challenges.prove(signature);
  }

  @Override
  public void run(String name, byte[] request, OutputStream to) throws IOException {
    @Nullable MirrorJob job = jobs.get(name);
    if (job == null) {
      throw new IllegalArgumentException("no job is called " + name);
    }
    try (JobEvents events = new JobEvents(to, () -> closed)) {
      Optional<MirrorJob> other = begin(job);
      if (other.isPresent()) {
        events.stopped(
            "The mirror is doing another "
                + other.get().name()
                + ". Try again when that has ended.",
            ExitCode.IO_ERROR);
        return;
      }
      // Without a word for long, the connection would end; and its end is noticed by a write only.
      ScheduledFuture<?> beat =
          timer.scheduleWithFixedDelay(
              new RepeatedTask(
                  "keep the connection of a command open", () -> tasks.execute(events::keepAlive)),
              BEAT_SECONDS,
              BEAT_SECONDS,
              TimeUnit.SECONDS);
      try {
        run(job, request, events);
      } finally {
        beat.cancel(false);
        end(job);
      }
    } catch (UncheckedIOException e) {
      // The command was ended, or the mirror is: no fault, and nobody to tell.
      log.info(
          "The {} that a command asked for was given up: {}", name, String.valueOf(e.getCause()));
    }
  }

  private static void run(MirrorJob job, byte[] request, JobEvents events) throws IOException {
    try {
      job.run(request, events);
    } catch (CommandException e) {
      events.stopped(String.valueOf(e.getMessage()), e.code());
    }
  }

  /** Returns the job that has to end before this one can be done; empty: this one has begun. */
  private Optional<MirrorJob> begin(MirrorJob job) {
    synchronized (running) {
      Optional<MirrorJob> other =
          running.stream()
              .filter(one ->
                  (one.equals(job) && !job.isRepeatable())
                      || (one.isExclusive() && job.isExclusive()))
              .findFirst();
      if (other.isEmpty()) {
        running.add(job);
      }
      return other;
    }
  }

  private void end(MirrorJob job) {
    synchronized (running) {
      running.remove(job);
    }
  }

  /** Has jobs that are being done end soon. */
  @Override
  public void close() {
    closed = true;
  }
}
