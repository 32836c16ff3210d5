package io.intrahub.cli;

import io.intrahub.admin.OperatorImport;
import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CacheImport;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.StoreUsage;
import io.intrahub.store.fs.FsStore;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Imports into the store of a running mirror, one at a time, on the thread of the request. Safe for
 * use by many threads.
 */
final class MirrorImport implements OperatorImport, AutoCloseable {
  private static final int BEAT_SECONDS = 10;

  private final FsStore store;
  private final Path data;
  private final ImportGuard guard;
  private final MemoryBudget memory;
  private final Clock clock;
  private final Executor tasks;
  private final ScheduledExecutorService timer;
  private final AtomicBoolean busy = new AtomicBoolean();

  /** Set once, when the mirror stops. */
  private volatile boolean closed;

  MirrorImport(
      FsStore store,
      Path data,
      ImportGuard guard,
      MemoryBudget memory,
      Clock clock,
      Executor tasks,
      ScheduledExecutorService timer) {
    this.store = store;
    this.data = data;
    this.guard = guard;
    this.memory = memory;
    this.clock = clock;
    this.tasks = tasks;
    this.timer = timer;
  }

  @Override
  public boolean isSigned(byte[] request, String signature) {
    return store.operatorKey().isSignature(signature, request);
  }

  @Override
  public void run(byte[] request, OutputStream to) throws IOException {
    Events events = new Events(to);
    if (!busy.compareAndSet(false, true)) {
      events.stopped("Another import is running in the mirror. Try again when it has ended.");
      return;
    }
    // Without a word for long, the connection would end; and its end is noticed by a write only.
    ScheduledFuture<?> beat =
        timer.scheduleWithFixedDelay(
            () -> tasks.execute(events::beat), BEAT_SECONDS, BEAT_SECONDS, TimeUnit.SECONDS);
    try {
      run(ImportJob.ofJson(request), events);
    } catch (ImportJob.InvalidException e) {
      events.stopped(e.getMessage() + ".");
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      beat.cancel(false);
      busy.set(false);
    }
  }

  private void run(ImportJob job, Events events) throws ImportJob.InvalidException, IOException {
    ImportReport report = new ImportReport(events);
    StoreUsage before = store.usage();
    CacheImport run =
        new CacheImport(
            store,
            guard,
            memory,
            clock,
            job.link(),
            new ImportBeat(
                report,
                () -> {
                  if (closed) {
                    throw new UncheckedIOException(new IOException("the mirror is being stopped"));
                  }
                  events.beat();
                },
                System::nanoTime));
    try {
      job.run(job.open(memory), run, data, report);
    } catch (IOException e) {
      events.stopped(ImportCommand.stopped(job.folder(), e));
      return;
    }
    report.evicted(before, store.usage());
    report.end();
  }

  /** Has an import that is running end soon. */
  @Override
  public void close() {
    closed = true;
  }

  /** One JSON object a line. What can't be written stops the import. */
  private static final class Events implements ReportOutput {
    private final OutputStream to;

    Events(OutputStream to) {
      this.to = to;
    }

    private synchronized void write(String text) {
      try {
        to.write((text + "\n").getBytes(StandardCharsets.UTF_8));
        to.flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void write(String kind, String text) {
      write(JsonMapper.shared().createObjectNode().put(kind, text).toString());
    }

    void beat() {
      write("");
    }

    void stopped(String why) {
      write("stopped", why);
    }

    @Override
    public void line(String text) {
      write("line", text);
    }

    @Override
    public void error(String text) {
      write("error", text);
    }

    @Override
    public void end(ObjectNode result, boolean complete, String last) {
      ObjectNode end = JsonMapper.shared().createObjectNode();
      end.put("complete", complete).set("result", result);
      write(end.toString());
    }
  }
}
