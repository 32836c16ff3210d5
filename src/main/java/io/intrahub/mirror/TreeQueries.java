package io.intrahub.mirror;

import io.intrahub.access.ReadScope;
import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.Deadline;
import io.intrahub.base.MemoryBudget;
import io.intrahub.base.PercentCoding;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HubError;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.LinkHeader;
import io.intrahub.metrics.Meters;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiRequest;
import io.intrahub.upstream.hub.HubUpstream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * {@code GET /api/{type}s/{repo}/tree/{revision}[/{path}]} and {@code POST
 * …/paths-info/{revision}}, answered from the manifest. Safe for use by many threads.
 */
public final class TreeQueries {
  private final RevisionResolver revisions;
  private final ManifestLoader manifests;
  private final HubUpstream hub;
  private final RepoResources resources;
  private final MemoryBudget budget;
  private final ColdQuestionLimiter questions;
  private final Meters meters;
  private final MirrorSettings settings;

  TreeQueries(
      RevisionResolver revisions,
      ManifestLoader manifests,
      HubUpstream hub,
      RepoResources resources,
      MemoryBudget budget,
      ColdQuestionLimiter questions,
      Meters meters,
      MirrorSettings settings) {
    this.revisions = revisions;
    this.manifests = manifests;
    this.hub = hub;
    this.resources = resources;
    this.budget = budget;
    this.questions = questions;
    this.meters = meters;
    this.settings = settings;
  }

  /**
   * Lists a folder.
   *
   * @param path empty: the root
   * @param self the mirror's own base address as the client sees it
   */
  public ApiReply list(
      RevisionRequest request, Optional<FilePath> path, TreeQuery query, String self) {
    String target = new HubTarget.Tree(request.repo(), request.revision(), path).format();
    ApiRequest passedOn =
        ApiRequest.get(query.raw().isEmpty() ? target : target + "?" + query.raw());
    if (query.expand()) {
      return resources.pass(request, ReadScope.METADATA, passedOn, request.repo().toString(), self);
    }
    Folder folder = new Folder(path, query, self + target);
    return answer(request, passedOn, self, (at, manifest) -> page(at, manifest, folder, request));
  }

  /**
   * Describes some paths, in their order; those that are not there are left out.
   *
   * @param self the mirror's own base address as the client sees it
   */
  public ApiReply describe(RevisionRequest request, PathsQuery query, String self) {
    ApiRequest passedOn =
        ApiRequest.post(
            new HubTarget.PathsInfo(request.repo(), request.revision()).format(),
            new ApiRequest.Body(PathsQuery.CONTENT_TYPE, query::writeTo));
    if (query.expand()) {
      return resources.pass(request, ReadScope.METADATA, passedOn, request.repo().toString(), self);
    }
    String client = request.caller().client();
    return answer(
        request,
        passedOn,
        self,
        (at, manifest) ->
            ApiReply.Ok.json(
                at.commit(),
                ApiReplies.made(budget, client, out -> described(manifest, query, out)),
                at.label()));
  }

  private static void described(Manifest manifest, PathsQuery query, OutputStream out)
      throws IOException {
    JsonArrayWriter array = new JsonArrayWriter(out);
    for (String text : query.paths()) {
      Optional<FilePath> path = FilePath.parse(text);
      if (path.isPresent()) {
        Optional<ManifestEntry> found = manifest.findListed(path.get());
        if (found.isPresent()) {
          array.add(found.get().json());
        }
      }
    }
    array.end();
  }

  /** Makes an answer from a complete manifest. */
  private interface FromManifest {
    ApiReply answer(ResolvedRevision.At at, Manifest manifest) throws IOException;
  }

  private ApiReply answer(
      RevisionRequest request, ApiRequest passedOn, String self, FromManifest fromManifest) {
    Deadline deadline = Deadline.in(settings.apiTimeout());
    String repo = request.repo().toString();
    UpstreamResult<ResolvedRevision> resolved =
        revisions.resolve(request, ReadScope.METADATA, revisions.byRepoInfo(request), deadline);
    return switch (resolved) {
      case UpstreamResult.Value(ResolvedRevision.At at) -> {
        Supplier<ApiReply> upstreams = () -> resources.passAs(at, request, passedOn, repo, self);
        boolean known =
            manifests.get(at.repo(), at.commit()).filter(Manifest::complete).isPresent();
        if (!known && request.directives().onlyIfCached()) {
          yield OnlyStored.reply(repo);
        }
        meters.answered(Meters.Kind.ANSWER, known ? Meters.Level.DISK : Meters.Level.UPSTREAM);
        ColdQuestionLimiter.Admission admission = questions.admission(request.caller());
        Optional<ManifestLoader.Result> learning =
            manifests.getOrLearn(at.repo(), at.commit(), at.reader(), admission, deadline.left());
        if (learning.isEmpty()) {
          UpstreamFailure late = UpstreamErrors.timedOut(hub, deadline.whole());
          yield partial(fromManifest, at, request)
              .orElseGet(() -> UpstreamErrors.reply(late, repo));
        }
        yield switch (learning.get()) {
          case ManifestLoader.Result.Complete complete -> {
            admission.refund();
            yield read(fromManifest, at, complete.manifest(), upstreams);
          }
          case ManifestLoader.Result.TooLarge _, ManifestLoader.Result.Crowded _ -> {
            admission.refund();
            yield upstreams.get();
          }
          case ManifestLoader.Result.NoAnswer none
              when none.isRefusalOfOther(at.reader().authority()) ->
              upstreams.get();
          case ManifestLoader.Result.NoAnswer(UpstreamResult.Refused(var refusal), var _)
              when refusal.isOfRepo() -> {
            revisions.refused(at.repo().subject(), refusal, at.reader());
            yield resources.passAsClient(request, passedOn, repo, self);
          }
          case ManifestLoader.Result.NoAnswer(var reason, var _) ->
              reason
                  .asFailure()
                  .filter(UpstreamFailure::isOutage)
                  .flatMap(_ -> partial(fromManifest, at, request))
                  .orElseGet(() -> UpstreamErrors.reply(reason, repo));
        };
      }
      case UpstreamResult.Value(ResolvedRevision.NotKept _) ->
          resources.passAsClient(request, passedOn, repo, self);
      case UpstreamResult.NoValue<ResolvedRevision> none -> UpstreamErrors.reply(none, repo);
    };
  }

  /** The answer from what was imported of the commit, while upstream gives none. */
  private Optional<ApiReply> partial(
      FromManifest fromManifest, ResolvedRevision.At at, RevisionRequest request) {
    return manifests
        .stored(at.repo(), at.commit())
        .map(manifest ->
            read(
                fromManifest,
                at.asPartial(),
                manifest,
                () -> UpstreamErrors.reply(hub.unavailableReason(), request.repo().toString())));
  }

  private static ApiReply read(
      FromManifest fromManifest,
      ResolvedRevision.At at,
      Manifest manifest,
      Supplier<ApiReply> upstreams) {
    try {
      return fromManifest.answer(at, manifest);
    } catch (BudgetExhaustedException e) {
      return ApiReplies.overloaded();
    } catch (IOException | UncheckedIOException e) {
      // A manifest that can't be read is a copy of what upstream still knows.
      return upstreams.get();
    }
  }

  /**
   * A folder that is listed.
   *
   * @param path empty: the root
   * @param url of the listing as the client sees it, without a query
   */
  private record Folder(Optional<FilePath> path, TreeQuery query, String url) {}

  private ApiReply page(
      ResolvedRevision.At at, Manifest manifest, Folder folder, RevisionRequest request)
      throws IOException {
    Optional<FilePath> path = folder.path();
    TreeQuery query = folder.query();
    int most = Math.min(query.limit().orElse(settings.listingLimit()), settings.listingLimit());
    // Read twice: whether there is a next page is said before the first entry.
    Page page = new Page(most);
    manifest.list(path, query.recursive(), query.after(), page::take);
    if (page.last.isEmpty() && path.isPresent() && !isDirectory(manifest, path.get())) {
      if (!manifest.complete()) {
        // That it was not imported does not mean that it is not there.
        return UpstreamErrors.reply(hub.unavailableReason(), path.get() + " of " + request.repo());
      }
      return new ErrorReply(
          HubError.folderNotFound(path.get(), request.revision()), Optional.of(at.commit()));
    }
    Map<String, String> headers =
        page.more && page.last.isPresent() ? next(page.last.get(), most, folder) : Map.of();
    ReplyBody body =
        ApiReplies.made(
            budget,
            request.caller().client(),
            out -> listed(manifest, path, query, page.entries, out));
    return new ApiReply.Ok(
        200, ApiReply.Ok.JSON, Optional.of(at.commit()), headers, body, at.label());
  }

  /** Where a page ends. */
  private static final class Page {
    private final int most;
    private int entries;
    private Optional<FilePath> last = Optional.empty();
    private boolean more;

    Page(int most) {
      this.most = most;
    }

    /** Whether another entry is wanted after this one. */
    boolean take(ManifestEntry entry) {
      // A page without a link to the next one would look like the last.
      if (entries >= most && last.filter(TreeQuery::fitsCursor).isPresent()) {
        more = true;
        return false;
      }
      entries++;
      last = Optional.of(entry.entry().path());
      return true;
    }
  }

  private static void listed(
      Manifest manifest, Optional<FilePath> path, TreeQuery query, int entries, OutputStream out)
      throws IOException {
    JsonArrayWriter array = new JsonArrayWriter(out);
    int[] left = {entries};
    try {
      manifest.list(
          path,
          query.recursive(),
          query.after(),
          entry -> {
            if (left[0] > 0) {
              left[0]--;
              array.addUnchecked(entry.json());
            }
            return left[0] > 0;
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    array.end();
  }

  private static Map<String, String> next(FilePath last, int most, Folder folder) {
    return TreeQuery.cursor(last, most)
        .map(cursor ->
            folder.url()
                + "?expand=false&recursive="
                + folder.query().recursive()
                + "&limit="
                + most
                + "&cursor="
                + PercentCoding.encode(cursor))
        .map(next -> Map.of("Link", LinkHeader.ofNext(next)))
        .orElseGet(Map::of);
  }

  private static boolean isDirectory(Manifest manifest, FilePath path) throws IOException {
    return manifest
        .findListed(path)
        .filter(e -> e.entry().kind() == Entry.Kind.DIRECTORY)
        .isPresent();
  }
}
