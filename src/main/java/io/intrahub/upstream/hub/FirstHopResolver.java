package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.access.EventOrder;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadEvidence;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.HubTargetParser;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Asks upstream's {@code resolve} with HEAD and reads the headers of the hop that names the file: a
 * 302 to a CDN for LFS files, a relative 307 to {@code resolve-cache} for the others, a plain 200
 * from another mirror (HP 3.1). What the CDN says of itself is never asked. Safe for use by many
 * threads.
 */
final class FirstHopResolver {
  private static final String CARD = "README.md";

  private final EndpointSelector endpoints;
  private final EndpointClient client;
  private final DownloadLocations locations;
  private final SmallFileAddresses smallFiles;
  private final EventOrder order;

  FirstHopResolver(
      EndpointSelector endpoints,
      EndpointClient client,
      DownloadLocations locations,
      SmallFileAddresses smallFiles,
      EventOrder order) {
    this.endpoints = endpoints;
    this.client = client;
    this.order = order;
    this.locations = locations;
    this.smallFiles = smallFiles;
  }

  /**
   * An answer that found the file.
   *
   * @param said what it says
   * @param location of the bytes
   */
  record Hop(FirstHop said, DownloadLocations.Location location) {}

  UpstreamResult<FirstHop> ask(
      CallPurpose question, RepoId repo, Revision revision, FilePath path, Caller caller) {
    return endpoints
        .visit(
            question,
            RateLimits.Quota.RESOLVERS,
            caller,
            endpoint -> {
              UpstreamResult<Hop> hop =
                  visit(question, endpoint, repo, revision, path, Optional.empty(), caller);
              // What a commit contains is right however old the answer is.
              boolean teaches = question.purpose().isToLearn() && revision.asCommit().isEmpty();
              if (teaches && hop instanceof UpstreamResult.Value(var found)) {
                if (found.said().stale()) {
                  return FailureClassifier.stale();
                }
                if (found.said().grantAge().isEmpty()) {
                  return FailureClassifier.ofUnknownAge();
                }
              }
              return hop;
            })
        .map(Hop::said);
  }

  /**
   * Asks for the address of a content again, as part of an operation. What the answer leaves out is
   * taken from what the file is known to be: whoever reads the bytes verifies them.
   *
   * @param last asked only when no other endpoint answers
   * @param tried run after each attempt, before the next one waits
   */
  UpstreamResult<Hop> ask(
      RetryPolicy.Operation operation,
      CallPurpose question,
      DownloadLocations.Key file,
      Caller caller,
      Optional<Endpoint> last,
      Runnable tried) {
    Revision revision = file.commit().asRevision();
    return endpoints.visit(
        operation,
        question,
        RateLimits.Quota.RESOLVERS,
        caller,
        last,
        endpoint -> {
          try {
            return visit(
                question,
                endpoint,
                file.repo(),
                revision,
                file.path(),
                Optional.of(file.blob()),
                caller);
          } finally {
            tried.run();
          }
        });
  }

  private UpstreamResult<Hop> visit(
      CallPurpose question,
      Endpoint endpoint,
      RepoId asked,
      Revision revision,
      FilePath path,
      Optional<BlobId> known,
      Caller caller)
      throws IOException {
    EventOrder.Moment began = order.now();
    RepoId repo = asked;
    HttpUrl url = endpoint.url(new HubTarget.ResolveFile(repo, revision, path).format());
    Facts facts = new Facts(revision, known);
    boolean isStale = false;
    Optional<Duration> age = Optional.of(Duration.ZERO);
    for (int hop = 0; hop <= EndpointClient.MAX_HOPS; hop++) {
      Request.Builder request =
          new Request.Builder().url(url).head().tag(CallPurpose.Purpose.class, question.purpose());
      try (Response response = client.send(endpoint, request, caller)) {
        Optional<HttpUrl> next = client.redirect(response);
        if (next.isEmpty() && !response.isSuccessful()) {
          return refusedOrFailed(endpoint, response, revision, caller);
        }
        facts.read(response);
        if (endpoint.owns(url)) {
          isStale |= MirrorLabel.isStale(response);
          Optional<Duration> more = MirrorLabel.grantAge(response);
          age = age.flatMap(sum -> more.map(sum::plus));
        }
        if (next.isEmpty() && !facts.wereSaid() && FailureClassifier.isPage(response)) {
          return FailureClassifier.unexpected(FailureClassifier.PAGE);
        }
        if (next.isEmpty()) {
          return found(endpoint, repo, revision, path, url, facts, isStale, age, caller, began);
        }
        Optional<HubTarget> target = target(endpoint, next.get());
        if (target.isPresent() && target.get() instanceof HubTarget.ResolveFile moved) {
          // Renamed, or written in another case: what counts is said under the new name.
          repo = endpoint.authoritative() ? moved.repo() : asked;
          facts = new Facts(revision, known);
        } else if (facts.areComplete()) {
          return found(
              endpoint, repo, revision, path, next.get(), facts, isStale, age, caller, began);
        } else if (target.isEmpty()) {
          // A file server's own ETag may look like a digest of the file and be something else.
          return FailureClassifier.incomplete(
              "it redirects without the commit, the digest or the size of the file");
        }
        url = next.get();
      }
    }
    return FailureClassifier.permanent(FailureClassifier.CIRCLE);
  }

  private static Optional<HubTarget> target(Endpoint endpoint, HttpUrl url) {
    if (!endpoint.owns(url)) {
      return Optional.empty();
    }
    return HubTargetParser.parse(endpoint.hubPath(url)) instanceof HubTargetParser.Target t
        ? Optional.of(t.target())
        : Optional.empty();
  }

  private UpstreamResult<Hop> found(
      Endpoint endpoint,
      RepoId repo,
      Revision revision,
      FilePath path,
      HttpUrl url,
      Facts facts,
      boolean isStale,
      Optional<Duration> age,
      Caller caller,
      EventOrder.Moment began) {
    if (!facts.areComplete()) {
      return FailureClassifier.incomplete(
          "it lacks the commit, the digest or the size of the file");
    }
    CommitHash commit = facts.commit().orElseThrow();
    if (isOther(revision, facts.commit())) {
      return FailureClassifier.permanent(FailureClassifier.OTHER_COMMIT);
    }
    BlobId blob = facts.blob().orElseThrow();
    DownloadLocations.Key file =
        new DownloadLocations.Key(repo, commit, path, blob, caller.authority());
    smallFiles.learn(file, endpoint, url);
    DownloadLocations.Location location = locations.put(file, endpoint, url);
    // A redirect that says nothing of the file may lead to a login page.
    boolean proves = endpoint.authoritative() && proves(path) && facts.wereSaid() && !isStale;
    Optional<EventOrder.Moment> confirmed = age.filter(_ -> proves).map(began::withAge);
    return new UpstreamResult.Value<>(
        new Hop(
            new FirstHop(
                repo,
                commit,
                blob,
                confirmed.map(at ->
                    ReadEvidence.witnessed(
                        new Grant(repo, caller.authority(), ReadScope.CONTENT), at)),
                isStale,
                age),
            location));
  }

  /** See {@link HubUpstream#proves}. */
  static boolean proves(FilePath path) {
    return !path.value().equalsIgnoreCase(CARD);
  }

  /** Whether an answer about a commit names another one. */
  private static boolean isOther(Revision asked, Optional<CommitHash> named) {
    return asked.asCommit().isPresent() && named.isPresent() && !asked.asCommit().equals(named);
  }

  private static UpstreamResult<Hop> refusedOrFailed(
      Endpoint endpoint, Response response, Revision revision, Caller caller) {
    Optional<HubRefusal> refusal = RefusalParser.read(response, caller.isAnonymous());
    if (refusal.isPresent() && isOther(revision, refusal.get().commit())) {
      return FailureClassifier.permanent(FailureClassifier.OTHER_COMMIT);
    }
    return refusal.isPresent() && endpoint.authoritative()
        ? new UpstreamResult.Refused<>(refusal.get())
        : new UpstreamResult.Failed<>(FailureClassifier.of(response));
  }

  /** What the hops so far said of the file. A later hop adds what an earlier one left out. */
  private static final class Facts {
    private final Optional<CommitHash> askedCommit;
    private final Optional<BlobId> known;
    private Optional<CommitHash> commit = Optional.empty();
    private Optional<Digest> digest = Optional.empty();
    private long size = -1;

    /**
     * @param asked the revision: what is found in a commit is found in that one
     * @param known what the file is known to be, for what is not said; empty to ask for all of it
     */
    Facts(Revision asked, Optional<BlobId> known) {
      this.askedCommit = known.isPresent() ? asked.asCommit() : Optional.empty();
      this.known = known;
    }

    void read(Response response) {
      commit =
          commit.or(() -> header(response, HeaderNames.X_REPO_COMMIT).flatMap(CommitHash::parse));
      digest =
          digest
              .or(() -> header(response, HeaderNames.X_LINKED_ETAG).flatMap(Digest::ofEtag))
              .or(() -> header(response, HeaderNames.ETAG).flatMap(Digest::ofEtag));
      if (size < 0) {
        size =
            header(response, HeaderNames.X_LINKED_SIZE)
                // The length of a redirect's own text is not the file's.
                .or(() ->
                    response.isSuccessful()
                        ? header(response, HeaderNames.CONTENT_LENGTH)
                        : Optional.empty())
                .map(Facts::number)
                .orElse(-1L);
      }
    }

    boolean wereSaid() {
      return commit.isPresent() && digest.isPresent() && size >= 0;
    }

    boolean areComplete() {
      return commit().isPresent() && blob().isPresent();
    }

    Optional<CommitHash> commit() {
      return commit.or(() -> askedCommit);
    }

    Optional<BlobId> blob() {
      Optional<Digest> named = digest.or(() -> known.map(BlobId::digest));
      long length = size >= 0 ? size : known.map(BlobId::size).orElse(-1L);
      return length < 0 ? Optional.empty() : named.map(d -> new BlobId(d, length));
    }

    private static Optional<String> header(Response response, String name) {
      return Optional.ofNullable(response.header(name));
    }

    private static long number(String text) {
      try {
        return Long.parseLong(text.strip());
      } catch (NumberFormatException e) {
        return -1;
      }
    }
  }
}
