package io.intrahub.devhub;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The CDN, which serves LFS files for signed addresses on an origin of its own. It knows no tokens,
 * revisions or names. Safe for all threads.
 */
final class Cdn {
  private static final String XML = "application/xml";
  private static final String PREFIX = "/xet-bridge-us";
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.RFC_1123_DATE_TIME.withZone(ZoneOffset.UTC);

  private final Directory directory;
  private final Signatures signatures;
  private final AtomicLong requestIds = new AtomicLong();
  private volatile boolean refusesHead;

  /** The prefix of valid paths; it changes when the CDN moves. */
  private volatile String root = PREFIX + "/";

  private final AtomicInteger moves = new AtomicInteger();

  Cdn(Directory directory, Signatures signatures) {
    this.directory = directory;
    this.signatures = signatures;
  }

  void refuseHead(boolean refuse) {
    refusesHead = refuse;
  }

  /** Changes the paths of all files; addresses signed for the old paths are refused. */
  void move() {
    root = PREFIX + "-" + moves.incrementAndGet() + "/";
  }

  /** A signed path and query for a file; the origin is the caller's to put before it. */
  String address(DevRepo repo, DevFile file, String disposition, String contentType) {
    String path = root + repo.internalId() + "/" + file.sha256();
    return "%s?X-Xet-Cas-Uid=public&response-content-disposition=%s&response-content-type=%s&%s"
        .formatted(
            path,
            DevText.formEncode(disposition),
            DevText.formEncode(contentType),
            signatures.sign(path));
  }

  Reply answer(Incoming in) {
    Reply reply = content(in);
    return reply
        .header(
            "X-Amz-Cf-Id", Hashes.sha256("cdn " + requestIds.incrementAndGet()).substring(0, 32))
        .header("X-Cache", reply.status() < 400 ? "Hit from cloudfront" : "Error from cloudfront")
        .header("Server", "AmazonS3");
  }

  private Reply content(Incoming in) {
    if (!in.isRead()) {
      return error(405, "MethodNotAllowed", "The specified method is not allowed.");
    }
    // S3 takes a token beside a signature for a second way to sign, and refuses both.
    if (in.header("authorization").isPresent()) {
      return error(400, "InvalidArgument", "Only one auth mechanism allowed");
    }
    Map<String, List<String>> query = in.params();
    switch (signatures.check(in.path(), query)) {
      case MISSING -> {
        return error(403, "MissingKey", "Missing Key-Pair-Id query parameter or cookie value");
      }
      case WRONG, EXPIRED -> {
        return error(403, "AccessDenied", "Access denied");
      }
      case GOOD -> {}
    }
    if (!in.path().startsWith(root)) {
      return error(403, "AccessDenied", "Access denied");
    }
    if (in.isHead() && refusesHead) {
      return error(403, "AccessDenied", "Access denied");
    }
    Optional<DevFile> file = find(in.path());
    if (file.isEmpty()) {
      return error(404, "NoSuchKey", "The specified key does not exist.");
    }
    String type = in.param("response-content-type").orElse("application/octet-stream");
    Reply reply = FileReplies.ranged(in, file.get().content(), type, etag(file.get()));
    in.param("response-content-disposition").ifPresent(d -> reply.header("Content-Disposition", d));
    return reply
        .header("Last-Modified", HTTP_DATE.format(Instant.parse("2026-01-02T03:04:05Z")))
        .header("Cache-Control", "public, max-age=31536000");
  }

  private Optional<DevFile> find(String path) {
    List<String> parts = DevText.cut(path, '/');
    return parts.size() != 4
        ? Optional.empty()
        : directory.findInternal(parts.get(2)).flatMap(repo -> repo.lfsFile(parts.get(3)));
  }

  /** An ETag like that of a multipart upload: it says nothing about the content. */
  static String etag(DevFile file) {
    return "%s-%d"
        .formatted(
            Hashes.sha256("cdn etag " + file.sha256()).substring(0, 32),
            1 + file.size() / (8 << 20));
  }

  private static Reply error(int status, String code, String message) {
    return Reply.of(
        status,
        XML,
        DevContent.of(
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    + "<Error><Code>%s</Code><Message>%s</Message></Error>")
                .formatted(code, message)));
  }
}
