package io.intrahub.transfer;

import io.intrahub.hub.ByteRange;
import io.intrahub.hub.HubError;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** An upstream that does what a test tells it to. Offsets are those of the content. */
public final class ScriptedSource implements BlobSource {
  /** What goes wrong with one connection. */
  public sealed interface Fault {}

  /** It breaks when this byte should come. */
  public record BreakAt(long offset) implements Fault {}

  /** This byte is another one. */
  public record WrongByteAt(long offset) implements Fault {}

  /** It stops before this byte until the gate is opened. */
  public record GateAt(long offset, Gate gate) implements Fault {}

  /** It can't be opened. */
  public record Fails() implements Fault {}

  /** The Hub says no. */
  public record Refuses() implements Fault {}

  /** A place where a connection stops until a test lets it go on. */
  public static final class Gate {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch open = new CountDownLatch(1);

    public void awaitReached() throws InterruptedException {
      if (!reached.await(20, TimeUnit.SECONDS)) {
        throw new AssertionError("nobody came to the gate");
      }
    }

    public void open() {
      open.countDown();
    }

    void pass() throws IOException {
      reached.countDown();
      try {
        if (!open.await(20, TimeUnit.SECONDS)) {
          throw new IOException("the gate was never opened");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
  }

  private static final int CHUNK = 50_000;

  private final byte[] content;
  private final AtomicInteger streams = new AtomicInteger();
  private final AtomicInteger mostStreams = new AtomicInteger();
  // Guarded by this.
  private final Map<Integer, List<Fault>> faults = new HashMap<>();
  private final List<Fault> always = new ArrayList<>();
  private boolean ranged = true;
  private final List<ByteRange.Span> spans = new ArrayList<>();

  public ScriptedSource(byte[] content) {
    this.content = content;
  }

  /** Scripts one connection, counted from 1. */
  public synchronized ScriptedSource on(int connection, Fault... what) {
    faults.computeIfAbsent(connection, n -> new ArrayList<>()).addAll(List.of(what));
    return this;
  }

  /** Scripts every connection. */
  public synchronized ScriptedSource always(Fault... what) {
    always.addAll(List.of(what));
    return this;
  }

  /** It sends all from the beginning each time. */
  synchronized ScriptedSource withoutRanges() {
    ranged = false;
    return this;
  }

  /** What was asked for, one span per connection, in order. */
  synchronized List<ByteRange.Span> spans() {
    return List.copyOf(spans);
  }

  public int opened() {
    return spans().size();
  }

  /** Streams that were not closed. */
  public int openStreams() {
    return streams.get();
  }

  /** Streams that were open at the same time, at most. */
  int mostStreams() {
    return mostStreams.get();
  }

  @Override
  public UpstreamResult<Opened> open(ByteRange.Span span) {
    List<Fault> script = new ArrayList<>();
    synchronized (this) {
      spans.add(span);
      script.addAll(always);
      script.addAll(faults.getOrDefault(spans.size(), List.of()));
    }
    for (Fault fault : script) {
      if (fault instanceof Fails) {
        return new UpstreamResult.Failed<>(
            new UpstreamFailure(
                UpstreamFailure.Kind.SERVER_ERROR, "it is scripted", false, Optional.empty()));
      }
      if (fault instanceof Refuses) {
        return new UpstreamResult.Refused<>(
            new HubRefusal(HubError.repoNotFound(true), Optional.empty()));
      }
    }
    mostStreams.accumulateAndGet(streams.incrementAndGet(), Math::max);
    return new UpstreamResult.Value<>(
        new Opened(new ScriptedStream(span, script), ranged || span.offset() == 0));
  }

  private final class ScriptedStream implements Stream {
    private final List<Fault> script;
    private final long end;
    private long position;
    private boolean closed;

    ScriptedStream(ByteRange.Span span, List<Fault> script) {
      this.position = span.offset();
      this.end = span.end();
      this.script = script;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      if (closed) {
        throw new IOException("read after close");
      }
      if (position == end) {
        return -1;
      }
      int count = (int) Math.min(Math.min(into.remaining(), CHUNK), end - position);
      for (Fault fault : script) {
        long stop =
            switch (fault) {
              case BreakAt f -> f.offset();
              case GateAt f -> f.offset();
              default -> -1;
            };
        if (stop == position) {
          if (fault instanceof GateAt f) {
            f.gate().pass();
          } else {
            throw new IOException("the connection broke, as scripted");
          }
        } else if (stop > position) {
          count = (int) Math.min(count, stop - position);
        }
      }
      int start = into.position();
      into.put(content, (int) position, count);
      for (Fault fault : script) {
        if (fault instanceof WrongByteAt w
            && w.offset() >= position
            && w.offset() < position + count) {
          int at = start + (int) (w.offset() - position);
          into.put(at, (byte) ~into.get(at));
        }
      }
      position += count;
      return count;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        streams.decrementAndGet();
      }
    }
  }
}
