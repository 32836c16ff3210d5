package io.intrahub.http;

import io.intrahub.base.PercentCoding;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.mirror.ErrorReply;
import io.intrahub.mirror.FileAnswer;
import io.intrahub.mirror.FileContent;
import io.intrahub.mirror.ResolveFile;
import io.intrahub.mirror.RevisionRequest;
import java.io.IOException;
import java.util.Optional;

/**
 * {@code HEAD|GET /{repo}/resolve/{revision}/{path}}: always a direct answer with the Hub's
 * headers, never a redirect, because each form of redirect breaks some client (OC 0.1).
 */
final class FileRoute {
  private final ResolveFile files;
  private final BodyWriter bodies;

  FileRoute(ResolveFile files, BodyWriter bodies) {
    this.files = files;
    this.bodies = bodies;
  }

  void handle(Exchange exchange, RepoId repo, Revision revision, FilePath path) throws IOException {
    FileAnswer answer =
        files.resolve(
            new RevisionRequest(repo, revision, exchange.caller(), exchange.noCache()), path);
    switch (answer) {
      case ErrorReply no -> ErrorWriter.write(exchange, no.error(), no.commit());
      case FileAnswer.Found found -> answer(exchange, found);
    }
  }

  private void answer(Exchange exchange, FileAnswer.Found found) throws IOException {
    BlobId blob = found.blob();
    String etag = blob.digest().etag();
    exchange.set(HeaderNames.ETAG, etag);
    exchange.set(HeaderNames.X_REPO_COMMIT, found.commit().hex());
    if (Preconditions.notModified(exchange, etag)) {
      CacheHeaders.write(exchange, found.label(), true);
      exchange.response().setStatus(304);
      return;
    }
    Optional<ByteRange.Parsed> range = Preconditions.range(exchange, etag);
    if (range.isPresent() && range.get() instanceof ByteRange.Malformed) {
      ErrorWriter.write(
          exchange,
          HubError.badRequest("The Range header is not a range of bytes."),
          Optional.empty());
      return;
    }
    exchange.set(HeaderNames.ACCEPT_RANGES, "bytes");
    if (blob.digest() instanceof Digest.Sha256) {
      exchange.set(HeaderNames.X_LINKED_ETAG, etag);
      exchange.set(HeaderNames.X_LINKED_SIZE, Long.toString(blob.size()));
    }
    ByteRange.Span span = ByteRange.Span.all(blob.size());
    boolean completing = true;
    if (range.isPresent() && range.get() instanceof ByteRange.One one) {
      Optional<ByteRange.Span> part = one.range().within(blob.size());
      boolean goesOn = one.range() instanceof ByteRange.From(long first) && first > 0;
      if (part.isPresent() && goesOn && found.startOver()) {
        // RFC 9110 section 14.2 lets a server ignore a range. huggingface_hub 2.4.0 then throws its
        // bytes away and takes the whole file; 0.36.0 sees that the size is wrong. With a 206 both
        // would put the right end behind a wrong beginning and take that for the file.
        exchange.response().setStatus(200);
      } else if (part.isPresent()) {
        span = part.get();
        completing = one.range().isRest() || span.length() == blob.size();
        exchange.response().setStatus(206);
        exchange.set(
            HeaderNames.CONTENT_RANGE,
            "bytes " + span.offset() + "-" + (span.end() - 1) + "/" + blob.size());
      } else if (blob.size() == 0) {
        // hf-hub 0.x and huggingface.js probe with bytes=0-0 and fail on a 416 and on a plain 200.
        exchange.set(HeaderNames.CONTENT_RANGE, "bytes */0");
      } else {
        exchange.set(HeaderNames.CONTENT_RANGE, "bytes */" + blob.size());
        ErrorWriter.write(
            exchange, HubError.rangeNotSatisfiable(blob.size()), Optional.of(found.commit()));
        return;
      }
    }
    exchange.set(HeaderNames.CONTENT_DISPOSITION, disposition(exchange, found.path()));
    // Nothing of the Hub's may run with the mirror's origin in a browser.
    exchange.set("X-Content-Type-Options", "nosniff");
    exchange.set("Content-Security-Policy", "sandbox");
    exchange.response().setContentType("application/octet-stream");
    if (exchange.isHead()) {
      CacheHeaders.write(exchange, found.label(), true);
      exchange.response().setContentLengthLong(span.length());
      return;
    }
    switch (found.open(span, completing)) {
      case ErrorReply no -> {
        exchange.startOver();
        ErrorWriter.write(exchange, no.error(), Optional.of(found.commit()));
      }
      case FileContent content -> bodies.write(exchange, content, span.length());
    }
  }

  private static String disposition(Exchange exchange, FilePath path) {
    boolean download = QueryParameters.parse(exchange.rawQuery()).isTrue("download");
    StringBuilder ascii = new StringBuilder();
    for (char c : path.name().toCharArray()) {
      ascii.append(c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c);
    }
    return (download ? "attachment" : "inline")
        + "; filename*=UTF-8''"
        + PercentCoding.encode(path.name())
        + "; filename=\""
        + ascii
        + "\";";
  }
}
