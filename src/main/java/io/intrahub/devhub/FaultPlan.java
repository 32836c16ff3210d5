package io.intrahub.devhub;

import java.time.Duration;
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
  long stopAfter = Long.MAX_VALUE;
  long wrongByteAt = -1;
  long wrongLength = -1;
  long extraBytes;
  long bytesPerSecond;
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
      case Fault.Throttle(long rate) -> bytesPerSecond = rate;
    }
  }

  /** The answer that takes the place of the true one, if a fault says so. */
  Optional<Reply> replacement() {
    return instead.map(status -> {
      Reply reply = Reply.of(status.code(), typeOf(status), Content.of(status.body()));
      for (Map.Entry<String, String> header : status.headers().entrySet()) {
        reply.replaceHeader(header.getKey(), header.getValue());
      }
      return reply;
    });
  }

  private static String typeOf(Fault.Status status) {
    return status.body().startsWith("{") ? Reply.JSON : Reply.PLAIN;
  }

  void rewrite(Reply reply) {
    if (garbage) {
      reply.replaceBody(Content.of(GARBAGE));
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
