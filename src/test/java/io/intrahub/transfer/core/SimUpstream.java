package io.intrahub.transfer.core;

import io.intrahub.hub.ByteRange;
import io.intrahub.hub.HubError;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;

/** An upstream of one content that goes wrong so many times, in every way it can. */
final class SimUpstream {
  private static final long STALL = 30_000_000_000L;
  private static final long LATE = 20_000_000_000L;

  /** A limit lasts for so many seconds at most. */
  private static final int LIMIT = 40;

  /** A longer wait is not worth it to a source. */
  private static final int WAITED_FOR = 8;

  private final SimClock clock;
  private final SplittableRandom random;
  private final SimContents.Blob blob;

  /** Faults still to come. */
  private int faults;

  /** How fast a connection is, in nanoseconds for a read. */
  private final int latency;

  private boolean ranged;
  private boolean changed;

  // What it did, for whoever checks.
  private int troubles;
  private int connections;
  private int openStreams;
  private int wrongBytes;
  private long sent;

  SimUpstream(SimClock clock, SplittableRandom random, SimContents.Blob blob, int faults) {
    this.clock = clock;
    this.random = random;
    this.blob = blob;
    this.faults = faults;
    this.latency = 1 + random.nextInt(20_000_000);
    this.ranged = random.nextInt(8) != 0;
  }

  /** All goes well from now on. */
  void heal() {
    faults = 0;
    changed = false;
  }

  boolean isWell() {
    return faults == 0 && !changed;
  }

  /** How often it failed or refused. */
  int troubles() {
    return troubles;
  }

  int connections() {
    return connections;
  }

  int openStreams() {
    return openStreams;
  }

  /** Reads that brought a wrong byte. */
  int wrongBytes() {
    return wrongBytes;
  }

  /** Bytes that were read from it. */
  long sent() {
    return sent;
  }

  boolean isRanged() {
    return ranged;
  }

  private enum Fault {
    RESET,
    STALL,
    SHORT,
    WRONG_BYTE,
    CHANGED,
    EXPIRED,
    LIMITED,
    TROUBLED,
    UNREACHABLE,
    LATE,
    NO_RANGES,
    REFUSED
  }

  private Optional<Fault> next() {
    if (faults == 0 || random.nextInt(2) == 0) {
      return Optional.empty();
    }
    faults--;
    if (changed && random.nextInt(3) == 0) {
      changed = false;
      return Optional.empty();
    }
    return Optional.of(Fault.values()[random.nextInt(Fault.values().length)]);
  }

  /** Somebody in whose name it is asked. Equal to nobody else. */
  final class Sponsor {
    private final String name;
    private final boolean outlives;
    private boolean refused;
    private long limitedUntil = Long.MIN_VALUE;
    private boolean wasLimited;

    Sponsor(String name, boolean outlives) {
      this.name = name;
      this.outlives = outlives;
    }

    boolean isRefused() {
      return refused;
    }

    /** Whether it ever met a limit. */
    boolean wasLimited() {
      return wasLimited;
    }

    boolean outlivesRequest() {
      return outlives;
    }

    /** As each request has one of its own. */
    BlobSource source() {
      return new BlobSource() {
        @Override
        public UpstreamResult<Opened> open(ByteRange.Span span) {
          return SimUpstream.this.open(Sponsor.this, span);
        }

        @Override
        public Object sponsor() {
          return Sponsor.this;
        }

        @Override
        public boolean outlivesRequest() {
          return outlives;
        }

        @Override
        public String toString() {
          return name;
        }
      };
    }
  }

  private UpstreamResult<BlobSource.Opened> open(Sponsor sponsor, ByteRange.Span span) {
    if (span.length() <= 0 || span.end() > blob.size()) {
      throw new AssertionError("asked for " + span + " of " + blob.size() + " bytes");
    }
    connections++;
    Optional<Fault> fault = next();
    if (fault.isPresent() && fault.get() == Fault.REFUSED && !sponsor.outlives) {
      sponsor.refused = true;
    }
    if (sponsor.refused) {
      troubles++;
      return new UpstreamResult.Refused<>(
          new HubRefusal(HubError.repoNotFound(true), Optional.empty()));
    }
    if (clock.now() < sponsor.limitedUntil) {
      return limited(sponsor);
    }
    if (fault.isPresent()) {
      switch (fault.get()) {
        case EXPIRED -> {
          return failed(UpstreamFailure.Kind.UNEXPECTED_ANSWER);
        }
        case LIMITED -> {
          sponsor.limitedUntil = clock.now() + random.nextInt(LIMIT) * 1_000_000_000L;
          return limited(sponsor);
        }
        case TROUBLED -> {
          return failed(UpstreamFailure.Kind.SERVER_ERROR);
        }
        case UNREACHABLE -> {
          return failed(UpstreamFailure.Kind.UNREACHABLE);
        }
        case LATE -> {
          clock.advance(LATE);
          return failed(UpstreamFailure.Kind.TIMED_OUT);
        }
        case NO_RANGES -> ranged = false;
        case CHANGED -> changed = true;
        default -> {}
      }
    }
    openStreams++;
    return new UpstreamResult.Value<>(
        new BlobSource.Opened(
            new SimStream(span, fault), ranged || (span.offset() == 0 && random.nextBoolean())));
  }

  private UpstreamResult<BlobSource.Opened> limited(Sponsor sponsor) {
    troubles++;
    sponsor.wasLimited = true;
    Duration left = Duration.ofNanos(sponsor.limitedUntil - clock.now());
    boolean brief = left.toSeconds() < WAITED_FOR;
    return new UpstreamResult.Failed<>(
        new UpstreamFailure(
            UpstreamFailure.Kind.RATE_LIMITED, "it is scripted", brief, Optional.of(left)));
  }

  private UpstreamResult<BlobSource.Opened> failed(UpstreamFailure.Kind kind) {
    troubles++;
    return new UpstreamResult.Failed<>(new UpstreamFailure(kind, "it is scripted"));
  }

  /** One connection. */
  final class SimStream implements BlobSource.Stream {
    private final Optional<Fault> fault;
    private final long faultAt;
    private final long end;
    private long position;
    private boolean aborted;
    private boolean closed;
    private long stalledUntil = Long.MIN_VALUE;

    SimStream(ByteRange.Span span, Optional<Fault> fault) {
      this.position = span.offset();
      this.end = span.end();
      this.fault = fault;
      // Often at once, often at the very end.
      long length = span.length();
      this.faultAt =
          switch (random.nextInt(6)) {
            case 0 -> span.offset();
            case 1 -> span.end() - 1;
            default ->
                span.offset() + random.nextLong(Math.min(length, 1 + random.nextLong(length)));
          };
    }

    /** When a read has something to say, in nanoseconds of the clock. */
    long readyAt() {
      if (aborted) {
        return clock.now();
      }
      if (isAtFault(Fault.STALL)) {
        if (stalledUntil == Long.MIN_VALUE) {
          stalledUntil = clock.now() + STALL;
        }
        return stalledUntil;
      }
      return clock.now() + random.nextInt(latency);
    }

    private boolean isAtFault(Fault which) {
      return fault.isPresent() && fault.get() == which && position == faultAt;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      if (aborted || closed) {
        throw new IOException("aborted");
      }
      if (isAtFault(Fault.RESET) || isAtFault(Fault.STALL)) {
        troubles++;
        throw new IOException("the connection broke, as scripted");
      }
      if (isAtFault(Fault.SHORT) || position == end) {
        troubles += position == end ? 0 : 1;
        return -1;
      }
      int count = (int) Math.min(into.remaining(), end - position);
      boolean breaks = fault.isPresent() && faultAt > position;
      if (breaks && fault.get() != Fault.WRONG_BYTE) {
        count = (int) Math.min(count, faultAt - position);
      }
      int start = into.position();
      into.put(blob.bytes(position, count));
      boolean wrong = fault.isPresent() && fault.get() == Fault.WRONG_BYTE;
      if (wrong && position <= faultAt && faultAt < position + count) {
        flip(into, start + (int) (faultAt - position));
      }
      if (changed) {
        flip(into, start + count / 2);
      }
      position += count;
      sent += count;
      return count;
    }

    private void flip(ByteBuffer bytes, int at) {
      bytes.put(at, (byte) ~bytes.get(at));
      wrongBytes++;
    }

    @Override
    public void abort() {
      aborted = true;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        openStreams--;
      }
    }
  }
}
