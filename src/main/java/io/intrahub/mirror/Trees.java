package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.base.Deadline;
import io.intrahub.base.PercentCoding;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HubError;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.LinkHeader;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.upstream.ApiRequest;
import io.intrahub.upstream.HubUpstream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * {@code GET /api/{type}s/{repo}/tree/{revision}[/{path}]} and {@code POST
 * …/paths-info/{revision}}, answered from the manifest. Safe for use by many threads.
 */
public final class Trees {
  private final Revisions revisions;
  private final Manifests manifests;
  private final HubUpstream hub;
  private final PassOn passOn;
  private final ColdQuestions questions;
  private final Meters meters;
  private final MirrorSettings settings;

  Trees(
      Revisions revisions,
      Manifests manifests,
      HubUpstream hub,
      PassOn passOn,
      ColdQuestions questions,
      Meters meters,
      MirrorSettings settings) {
    this.revisions = revisions;
    this.manifests = manifests;
    this.hub = hub;
    this.passOn = passOn;
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
      RepoId repo,
      Revision revision,
      Optional<FilePath> path,
      TreeQuery query,
      Caller caller,
      boolean noCache,
      String self) {
    String target = new HubTarget.Tree(repo, revision, path).format();
    Supplier<ApiReply> upstream =
        () ->
            passOn.pass(
                ApiRequest.get(query.raw().isEmpty() ? target : target + "?" + query.raw()),
                caller,
                repo.toString(),
                self);
    if (query.expand()) {
      return upstream.get();
    }
    return answer(
        repo,
        revision,
        caller,
        noCache,
        upstream,
        (at, manifest) -> page(at, manifest, revision, path, query, self + target));
  }

  /**
   * Describes some paths; those that are not there are left out.
   *
   * @param contentType of the client's own body
   * @param body of the client's own request, for when upstream has to answer it
   * @param expand whether commits and scan results are wanted, which only upstream knows
   */
  public ApiReply describe(
      RepoId repo,
      Revision revision,
      List<String> paths,
      boolean expand,
      String contentType,
      byte[] body,
      Caller caller,
      boolean noCache,
      String self) {
    ApiRequest request =
        ApiRequest.post(
            new HubTarget.PathsInfo(repo, revision).format(),
            new ApiRequest.Body(contentType, body));
    Supplier<ApiReply> upstream = () -> passOn.pass(request, caller, repo.toString(), self);
    if (expand) {
      return upstream.get();
    }
    return answer(
        repo,
        revision,
        caller,
        noCache,
        upstream,
        (at, manifest) -> {
          List<String> found = new ArrayList<>();
          for (String text : paths) {
            Optional<FilePath> path = FilePath.parse(text);
            if (path.isPresent()) {
              manifest.find(path.get()).map(ManifestEntry::json).ifPresent(found::add);
            }
          }
          return ApiReply.Ok.json(at.commit(), array(found), at.label());
        });
  }

  /** Makes an answer from a complete manifest. */
  private interface FromManifest {
    ApiReply answer(Located.At at, Manifest manifest) throws IOException;
  }

  private ApiReply answer(
      RepoId repo,
      Revision revision,
      Caller caller,
      boolean noCache,
      Supplier<ApiReply> upstream,
      FromManifest fromManifest) {
    Deadline deadline = Deadline.in(settings.apiTimeout());
    Located located =
        revisions.locate(repo, revision, revisions.byRepoInfo(revision, caller), deadline, noCache);
    return switch (located) {
      case Located.At at -> {
        boolean known = manifests.get(at.repo(), at.commit()).isPresent();
        meters.answered(Meters.Kind.ANSWER, known ? Meters.Level.DISK : Meters.Level.UPSTREAM);
        ColdQuestions.Admission admission = questions.admission(caller);
        Optional<Manifests.Learning> learning =
            manifests.getOrLearn(at.repo(), at.commit(), admission, deadline.left());
        if (learning.isEmpty()) {
          yield Replies.failed(Failures.late(hub, deadline.whole()), repo.toString());
        }
        yield switch (learning.get()) {
          case Manifests.Learning.Complete complete -> {
            admission.refund();
            yield read(fromManifest, at, complete.manifest(), upstream);
          }
          case Manifests.Learning.TooLarge _ -> {
            admission.refund();
            yield upstream.get();
          }
          case Manifests.Learning.Refused refused -> {
            if (refused.refusal().isOfRepo()) {
              revisions.refused(at.repo().subject(), refused.refusal());
              yield upstream.get();
            }
            yield Replies.refused(refused.refusal());
          }
          case Manifests.Learning.Failed failed ->
              Replies.failed(failed.failure(), repo.toString());
        };
      }
      case Located.NotKept _ -> upstream.get();
      case Located.Refused refused -> Replies.refused(refused.refusal());
      case Located.Failed failed -> Replies.failed(failed.failure(), repo.toString());
    };
  }

  private static ApiReply read(
      FromManifest fromManifest, Located.At at, Manifest manifest, Supplier<ApiReply> upstream) {
    try {
      return fromManifest.answer(at, manifest);
    } catch (IOException | UncheckedIOException e) {
      // A manifest that can't be read is a copy of what upstream still knows.
      return upstream.get();
    }
  }

  private ApiReply page(
      Located.At at,
      Manifest manifest,
      Revision revision,
      Optional<FilePath> path,
      TreeQuery query,
      String url)
      throws IOException {
    int most = Math.min(query.limit().orElse(settings.listingLimit()), settings.listingLimit());
    List<ManifestEntry> page = new ArrayList<>();
    boolean[] more = {false};
    manifest.list(
        path,
        query.recursive(),
        entry -> {
          if (query.after().filter(a -> !isBehind(entry.entry(), a)).isPresent()) {
            return;
          }
          if (page.size() < most) {
            page.add(entry);
          } else {
            more[0] = true;
          }
        });
    if (page.isEmpty() && path.isPresent() && !isDirectory(manifest, path.get())) {
      return new ApiReply.Refused(
          HubError.folderNotFound(path.get(), revision), Optional.of(at.commit()));
    }
    Map<String, String> headers = Map.of();
    if (more[0] && !page.isEmpty()) {
      headers = next(page.getLast().entry().path(), most, query, url);
    }
    byte[] body = array(page.stream().map(ManifestEntry::json).toList());
    return new ApiReply.Ok(
        200, ApiReply.Ok.JSON, Optional.of(at.commit()), headers, body, at.label());
  }

  private static Map<String, String> next(FilePath last, int most, TreeQuery query, String url) {
    return TreeQuery.cursor(last, most)
        .map(cursor ->
            url
                + "?expand=false&recursive="
                + query.recursive()
                + "&limit="
                + most
                + "&cursor="
                + PercentCoding.encode(cursor))
        .map(next -> Map.of("Link", LinkHeader.ofNext(next)))
        .orElseGet(Map::of);
  }

  private static boolean isDirectory(Manifest manifest, FilePath path) throws IOException {
    return manifest.find(path).filter(e -> e.entry().kind() == Entry.Kind.DIRECTORY).isPresent();
  }

  /** Whether an entry comes after a path in the manifest's order, that of the UTF-8 bytes. */
  private static boolean isBehind(Entry entry, FilePath path) {
    return Arrays.compareUnsigned(
            entry.path().value().getBytes(StandardCharsets.UTF_8),
            path.value().getBytes(StandardCharsets.UTF_8))
        > 0;
  }

  private static byte[] array(List<String> objects) {
    return ("[" + String.join(",", objects) + "]").getBytes(StandardCharsets.UTF_8);
  }
}
