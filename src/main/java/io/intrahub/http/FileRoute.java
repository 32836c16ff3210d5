package io.intrahub.http;

import io.intrahub.base.PercentCoding;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.mirror.ErrorReply;
import io.intrahub.mirror.FileAnswer;
import io.intrahub.mirror.ResolveFile;
import io.intrahub.mirror.RevisionRequest;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * {@code HEAD|GET /{repo}/resolve/{revision}/{path}}. The answer has the Hub's headers and is never
 * a redirect, because each form of redirect breaks some client (OC 0.1). Safe for use by many
 * threads.
 */
final class FileRoute {
  private final ResolveFile files;
  private final FileResponse responses;

  FileRoute(ResolveFile files, FileResponse responses) {
    this.files = files;
    this.responses = responses;
  }

  void handle(Exchange exchange, RepoId repo, Revision revision, FilePath path) throws IOException {
    FileAnswer answer = files.resolve(new RevisionRequest(repo, revision, exchange.asked()), path);
    switch (answer) {
      case ErrorReply no -> ErrorWriter.write(exchange, no.error(), no.commit());
      case FileAnswer.Found found -> responses.write(exchange, file(exchange, found));
    }
  }

  private static FileResponse.File file(Exchange exchange, FileAnswer.Found found) {
    return new FileResponse.File(
        found.blob(),
        Optional.of(found.commit()),
        found.label(),
        found.startOver(),
        linked(found.blob()),
        Map.of(HeaderNames.CONTENT_DISPOSITION, disposition(exchange, found.path())),
        found::open);
  }

  /** The Hub says of LFS files only what its redirect links to; clients tell them apart by that. */
  private static Map<String, String> linked(BlobId blob) {
    return blob.digest() instanceof Digest.Sha256
        ? Map.of(
            HeaderNames.X_LINKED_ETAG, blob.digest().etag(),
            HeaderNames.X_LINKED_SIZE, Long.toString(blob.size()))
        : Map.of();
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
