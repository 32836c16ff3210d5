package io.intrahub.devhub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All faults of one answer, in the form that the sender needs. Used by the request's thread. */
final class FaultPlan {
  private static final String GARBAGE = "{\"id\":\"acme/x\",\"sha\":tru";

  Duration delay = Duration.ZERO;
  Optional<Stall> hold = Optional.empty();
  boolean disconnect;
  boolean ignoreRange;
  boolean gzip;
  boolean noLength;
  boolean reset;
  Optional<Stall> stall = Optional.empty();
  long stallAfter;
  long stallAt = -1;
  long stopAfter = Long.MAX_VALUE;
  long resetAt = -1;
  long wrongByteAt = -1;
  boolean otherBytes;
  long wrongLength = -1;
  long extraBytes;
  final List<Line> lines = new ArrayList<>();
  private boolean garbage;
  private Optional<Fault.Status> instead = Optional.empty();
  private Optional<String> etag = Optional.empty();
  private Optional<String> without = Optional.empty();

  void add(Fault fault) {
    switch (fault) {
      case Fault.Delay(Duration by) -> delay = delay.plus(by);
      case Fault.Stopped(Stall at, boolean before, _) when before -> hold = Optional.of(at);
      case Fault.Stopped(Stall at, _, long after) -> {
        stall = Optional.of(at);
        stallAfter = after;
      }
      case Fault.StoppedAt(Stall at, long offset) -> {
        stall = Optional.of(at);
        stallAt = offset;
      }
      case Fault.ResetAt(long offset) -> resetAt = offset;
      case Fault.OtherBytes _ -> otherBytes = true;
      case Fault.Disconnect _ -> disconnect = true;
      case Fault.Status status -> instead = Optional.of(status);
      case Fault.GarbageJson _ -> garbage = true;
      case Fault.ResetAfter(long bytes) -> {
        stopAfter = bytes;
        reset = true;
      }
      case Fault.Truncate(long bytes) -> stopAfter = bytes;
      case Fault.WrongByteAt(long offset) -> wrongByteAt = offset;
      case Fault.WrongLength(long length) -> wrongLength = length;
      case Fault.ExtraBytes(long bytes) -> extraBytes = bytes;
      case Fault.IgnoreRange _ -> ignoreRange = true;
      case Fault.Gzip _ -> gzip = true;
      case Fault.NoLength _ -> noLength = true;
      case Fault.ChangedEtag(String value) -> etag = Optional.of(value);
      case Fault.WithoutHeader(String name) -> without = Optional.of(name);
      case Fault.Throttle(long rate) -> lines.add(new Line(rate));
      case Fault.SharedLine(Line line) -> lines.add(line);
    }
  }

  /** The answer that takes the place of the true one, if a fault says so. */
  Optional<Reply> replacement() {
    return instead.map(status -> {
      Reply reply = Reply.of(status.code(), typeOf(status), DevContent.of(status.body()));
      for (Map.Entry<String, String> header : status.headers().entrySet()) {
        reply.replaceHeader(header.getKey(), header.getValue());
      }
      return reply;
    });
  }

  private static String typeOf(Fault.Status status) {
    return status.body().startsWith("{") ? Reply.JSON : Reply.PLAIN;
  }

  /** Turns offsets of the file into counts of this answer's bytes. */
  void place(Reply.Body body) {
    if (stallAt >= 0) {
      stallAfter = stallAt - body.offset();
      stall = stall.filter(_ -> stallAfter >= 0 && stallAfter < body.length());
    }
    long resetAfter = resetAt - body.offset();
    if (resetAt >= 0 && resetAfter >= 0 && resetAfter < Math.min(stopAfter, body.length())) {
      stopAfter = resetAfter;
      reset = true;
    }
  }

  void rewrite(Reply reply) {
    if (garbage) {
      reply.replaceBody(DevContent.of(GARBAGE));
    }
    etag.map(value -> "\"" + value + "\"")
        .ifPresent(value -> {
          for (String name : new String[] {"ETag", "X-Linked-ETag"}) {
            if (reply.has(name)) {
              reply.replaceHeader(name, value);
            }
          }
        });
    without.ifPresent(reply::removeHeader);
  }
}
