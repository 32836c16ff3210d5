package io.intrahub.http;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.mirror.CacheLabel;
import io.intrahub.mirror.ErrorReply;
import io.intrahub.mirror.FileAnswer;
import io.intrahub.mirror.FileContent;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * Answers a GET or HEAD of a file that was found: conditions, ranges, headers and body, the same
 * for every route that serves files. Safe for use by many threads.
 */
final class FileResponse {
  private final BodyWriter bodies;

  FileResponse(BodyWriter bodies) {
    this.bodies = bodies;
  }

  /**
   * A file that was found and that the client may read.
   *
   * @param blob its digest, which gives the entity tag, and its size
   * @param commit that the file was looked up in, if the client is to be told; errors say it too
   * @param label where the knowledge about the file comes from
   * @param startOver whether a client must not add to bytes of the file that it has already,
   *     because they may be wrong
   * @param identity further headers that identify the file, for 200, 206 and 416
   * @param presentation further headers about the content, for 200 and 206
   * @param opener opens the bytes; not called for a HEAD
   */
  record File(
      BlobId blob,
      Optional<CommitHash> commit,
      CacheLabel label,
      boolean startOver,
      Map<String, String> identity,
      Map<String, String> presentation,
      FileAnswer.Opener opener) {}

  /**
   * Answers with a file.
   *
   * @throws IOException when the connection fails
   */
  void write(Exchange exchange, File file) throws IOException {
    String etag = file.blob().digest().etag();
    long size = file.blob().size();
    exchange.set(HeaderNames.ETAG, etag);
    file.commit().ifPresent(commit -> exchange.set(HeaderNames.X_REPO_COMMIT, commit.hex()));
    switch (Preconditions.of(exchange).select(etag, size, file.startOver())) {
      case Selection.NotModified _ -> {
        CacheHeaders.write(exchange, file.label(), true);
        exchange.response().setStatus(304);
      }
      case Selection.MalformedRange _ ->
          ErrorWriter.write(
              exchange,
              HubError.badRequest("The Range header is not a range of bytes."),
              Optional.empty());
      case Selection.Unsatisfiable(String contentRange) -> {
        describe(exchange, file);
        exchange.set(HeaderNames.CONTENT_RANGE, contentRange);
        ErrorWriter.write(exchange, HubError.rangeNotSatisfiable(size), file.commit());
      }
      case Selection.Bytes bytes -> {
        describe(exchange, file);
        write(exchange, file, bytes);
      }
    }
  }

  private static void describe(Exchange exchange, File file) {
    exchange.set(HeaderNames.ACCEPT_RANGES, "bytes");
    file.identity().forEach(exchange::set);
  }

  private void write(Exchange exchange, File file, Selection.Bytes bytes) throws IOException {
    exchange.response().setStatus(bytes.status());
    bytes.contentRange().ifPresent(value -> exchange.set(HeaderNames.CONTENT_RANGE, value));
    file.presentation().forEach(exchange::set);
    // A browser must not run a file of the Hub with the mirror's origin.
    exchange.set("X-Content-Type-Options", "nosniff");
    exchange.set("Content-Security-Policy", "sandbox");
    exchange.response().setContentType("application/octet-stream");
    long length = bytes.span().length();
    if (exchange.isHead()) {
      CacheHeaders.write(exchange, file.label(), true);
      exchange.response().setContentLengthLong(length);
      return;
    }
    switch (file.opener().open(bytes.span(), bytes.completing())) {
      case ErrorReply no -> {
        exchange.startOver();
        ErrorWriter.write(exchange, no.error(), file.commit());
      }
      case FileContent content -> bodies.write(exchange, content, length);
    }
  }
}
