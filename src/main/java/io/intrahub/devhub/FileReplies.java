package io.intrahub.devhub;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Answers with the bytes of a file: all, a range, or none because the client has them. */
final class FileReplies {
  private static final Set<String> TEXT =
      Set.of("json", "txt", "md", "csv", "py", "yaml", "yml", "jinja", "gitattributes", "html");

  private FileReplies() {}

  static String contentType(String path) {
    String name = DevText.lastSegment(path).toLowerCase(Locale.ROOT);
    return TEXT.contains(name.substring(name.lastIndexOf('.') + 1))
        ? Reply.PLAIN
        : "application/octet-stream";
  }

  /**
   * The part that is asked for.
   *
   * @param etag without quotes
   */
  static Reply ranged(Incoming in, DevContent content, String contentType, String etag) {
    String quoted = "\"" + etag + "\"";
    if (matches(in.header("if-none-match"), quoted)) {
      return Reply.bare(304).header("ETag", quoted);
    }
    // If-Range compares strongly and, when it fails, asks for the whole (RFC 9110 13.1.5).
    boolean changed = in.header("if-range").filter(tag -> !tag.equals(quoted)).isPresent();
    Optional<String> range = changed ? Optional.empty() : in.header("range");
    long size = content.size();
    Reply reply =
        switch (Span.of(range, size)) {
          case Span.Whole _ -> Reply.of(200, contentType, content);
          case Span.Part part ->
              Reply.of(206, contentType, new Reply.Body(content, part.first(), part.length()))
                  .header(
                      "Content-Range", "bytes %d-%d/%d".formatted(part.first(), part.last(), size));
          case Span.Unsatisfiable _ ->
              Reply.text(416, "Range Not Satisfiable").header("Content-Range", "bytes */" + size);
        };
    return reply.header("ETag", quoted).header("Accept-Ranges", "bytes");
  }

  static boolean matches(Optional<String> ifNoneMatch, String quoted) {
    return ifNoneMatch
        .filter(list ->
            list.strip().equals("*")
                || DevText.cut(list, ',').stream()
                    .anyMatch(t -> weakless(t).equals(weakless(quoted))))
        .isPresent();
  }

  private static String weakless(String tag) {
    String plain = tag.strip();
    return plain.startsWith("W/") ? plain.substring(2) : plain;
  }
}
