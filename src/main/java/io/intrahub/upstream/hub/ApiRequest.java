package io.intrahub.upstream.hub;

import io.intrahub.hub.HubTargetParser;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.JsonFilter;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A call of the Hub's API.
 *
 * @param method GET, HEAD or POST
 * @param target path and query, encoded, beginning with a slash
 * @param body of a POST
 * @param isFile whether the answer is the content of a file, which is not touched even if it is
 *     JSON
 * @param within the repos, besides the one of {@code target}, about which the call may be after
 *     redirects; empty: any
 */
public record ApiRequest(
    String method,
    String target,
    Optional<Body> body,
    boolean isFile,
    Optional<Predicate<RepoId>> within) {
  /**
   * What a POST carries.
   *
   * @param contentType of the body
   * @param content writes the body
   */
  public record Body(String contentType, Content content) {}

  /** Writes a body. It may be asked to do so several times, and writes the same each time. */
  public interface Content {
    /** Writes all of it; does not close the stream. */
    void writeTo(OutputStream out) throws IOException;
  }

  /** A GET without a body. */
  public static ApiRequest get(String target) {
    return new ApiRequest("GET", target, Optional.empty(), false, Optional.empty());
  }

  /** A POST. */
  public static ApiRequest post(String target, Body body) {
    return new ApiRequest("POST", target, Optional.of(body), false, Optional.empty());
  }

  /** A GET or HEAD of a file. */
  public static ApiRequest file(String method, String target) {
    return new ApiRequest(method, target, Optional.empty(), true, Optional.empty());
  }

  /** The same, but redirects may lead to these repos only, because the right to them is checked. */
  public ApiRequest within(Predicate<RepoId> repos) {
    return new ApiRequest(method, target, body, isFile, Optional.of(repos));
  }

  /** The repo that the call is about, if it is about one. */
  public Optional<RepoId> repo() {
    return repoOf(target.split("\\?", 2)[0]);
  }

  /**
   * How links in the answer are rewritten. The files of a bucket have no other digest than that of
   * Xet, and clients can't read a listing without it (huggingface_hub 2.4.0, {@code BucketFile}).
   *
   * @param from what absolute links begin with
   * @param to what they begin with instead
   */
  public JsonFilter.Links links(String from, String to) {
    JsonFilter.Links links = new JsonFilter.Links(from, to);
    return target.startsWith("/api/buckets/") ? links.withXet() : links;
  }

  /** Whether an answer may be that a file is what was asked for. */
  boolean takesFile() {
    return body.isEmpty() && !isFile;
  }

  /** Whether the call may go on at this path of the Hub, to which it was redirected. */
  boolean mayGoTo(String hubPath) {
    return within.isEmpty()
        || repoOf(hubPath)
            .filter(repo -> within.get().test(repo) || Optional.of(repo).equals(repo()))
            .isPresent();
  }

  /** The repo that a path of the Hub is about, if it is about one. */
  static Optional<RepoId> repoOf(String path) {
    return HubTargetParser.parse(path) instanceof HubTargetParser.Target(var target)
        ? target.about()
        : Optional.empty();
  }
}
