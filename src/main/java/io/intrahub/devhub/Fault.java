package io.intrahub.devhub;

import java.time.Duration;
import java.util.Map;

/** One fault of an answer. Byte counts refer to the body of that answer. */
public sealed interface Fault {
  /** The answer starts late, by real time. */
  record Delay(Duration by) implements Fault {}

  /** The answer starts, or goes on after some bytes, only when a test says so. */
  record Stopped(Stall at, boolean beforeHeaders, long afterBytes) implements Fault {}

  /** The connection closes before any answer. */
  record Disconnect() implements Fault {}

  /** Another answer instead. */
  record Status(int code, Map<String, String> headers, String body) implements Fault {}

  /** The status and headers as they are, with a body that looks like JSON and is not. */
  record GarbageJson() implements Fault {}

  /** As {@link Stopped}, before the byte at this offset of the file. */
  record StoppedAt(Stall at, long offset) implements Fault {}

  /** A TCP reset before the byte at this offset of the file. */
  record ResetAt(long offset) implements Fault {}

  /** A TCP reset after so many bytes, right length announced. */
  record ResetAfter(long bytes) implements Fault {}

  /** A clean close after so many bytes, right length announced. */
  record Truncate(long bytes) implements Fault {}

  /** The byte at this offset of the file (of the body, if it is no file) is another one. */
  record WrongByteAt(long offset) implements Fault {}

  /** Every byte is another one, under the same names, sizes and digests. */
  record OtherBytes() implements Fault {}

  /** Announces this length and sends no more; less, with a clean close, if there is no more. */
  record WrongLength(long length) implements Fault {}

  /** A body longer by so many bytes, and announced so. */
  record ExtraBytes(long bytes) implements Fault {}

  /** The whole file with 200 for a range. */
  record IgnoreRange() implements Fault {}

  /** A compressed body that nobody asked for. */
  record Gzip() implements Fault {}

  /** The whole body in chunks, without a {@code Content-Length}. */
  record NoLength() implements Fault {}

  /** Another value, given without quotes, in {@code ETag} and {@code X-Linked-ETag}. */
  record ChangedEtag(String etag) implements Fault {}

  /** Without these headers. */
  record WithoutHeader(String name) implements Fault {}

  /** Not faster than this, each answer for itself. */
  record Throttle(long bytesPerSecond) implements Fault {}

  /** Not faster than this line, which all its answers share. */
  record SharedLine(Line line) implements Fault {}

  /** The page that a captive portal or a single sign-on puts before everything. */
  static Fault loginPage() {
    return new Status(
        200,
        Map.of("Content-Type", "text/html; charset=utf-8"),
        "<!DOCTYPE html><html><head><title>Sign in</title></head>"
            + "<body><form action=\"/login\">Please sign in</form></body></html>");
  }
}
