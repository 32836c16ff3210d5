package io.intrahub.mirror;

import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.EntryJson;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiAnswer;
import io.intrahub.upstream.hub.ApiBody;
import io.intrahub.upstream.hub.ApiRequest;
import io.intrahub.upstream.hub.HubUpstream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gathers the questions about files of a commit that is too large for its listing to be stored. A
 * file that is asked for alone costs one call, which also brings its address. Files that are asked
 * for while that call is under way share the next one ({@code paths-info}). What it does not
 * answer, whatever the reason, its clients ask for themselves.
 *
 * <p>Safe for use by many threads.
 */
final class GatheredPaths {
  private static final Logger log = LoggerFactory.getLogger(GatheredPaths.class);

  /** Paths of one call. Its answer is then short enough to be checked as a whole. */
  private static final int MAX_PATHS = 100;

  /** After this a client asks for its own file, because another one's question may be stuck. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final HubUpstream upstream;
  private final ManifestLoader manifests;
  private final EntryLookup entries;
  private final ColdQuestionLimiter questions;
  private final Executor executor;

  /**
   * For each commit about which a call is under way, what is asked next. A queue is used only
   * within {@code compute} of its key.
   */
  private final ConcurrentHashMap<Key, Queue<Batch>> underWay = new ConcurrentHashMap<>();

  /** The authority is part of the key: nobody has another's token asked about a path. */
  private record Key(RepoId repo, CommitHash commit, Authority as) {}

  /**
   * What one call asks for.
   *
   * @param paths grows until the call begins, within {@code compute} of its key
   * @param as who began the batch
   * @param ended completed when there is no more to wait for
   */
  private record Batch(Set<FilePath> paths, Caller as, CompletableFuture<Boolean> ended) {}

  /**
   * Nothing is under way.
   *
   * @param executor a thread per task
   */
  GatheredPaths(
      HubUpstream upstream,
      ManifestLoader manifests,
      EntryLookup entries,
      ColdQuestionLimiter questions,
      Executor executor) {
    this.upstream = upstream;
    this.manifests = manifests;
    this.entries = entries;
    this.questions = questions;
    this.executor = executor;
  }

  /** A client's turn to ask; to be closed when it has its answer. For one thread. */
  interface Turn extends AutoCloseable {
    /** Waits for what is asked with others; empty if the client is to ask for its file itself. */
    Optional<EntryLookup.Known> await();

    @Override
    void close();
  }

  /** A client that asks for its file itself, beside all others. */
  private static final Turn BESIDE =
      new Turn() {
        @Override
        public Optional<EntryLookup.Known> await() {
          return Optional.empty();
        }

        @Override
        public void close() {}
      };

  /**
   * Joins the questions about a commit.
   *
   * @param at the commit, with the right to read its content
   */
  Turn turn(ResolvedRevision.At at, FileRequest request) {
    RepoId repo = at.repo().subject();
    if (!manifests.isTooLarge(repo, at.commit())) {
      return BESIDE;
    }
    Key key = new Key(repo, at.commit(), at.reader().authority());
    ColdQuestionLimiter.Admission admission = questions.admission(request.caller());
    Turn[] turn = {BESIDE};
    underWay.compute(
        key,
        (_, waiting) -> {
          if (waiting == null) {
            turn[0] = new First(key);
            return new ArrayDeque<>();
          }
          batch(waiting, request.path(), at.reader(), admission)
              .ifPresent(batch -> turn[0] = new Gathered(at, request, batch, admission));
          return waiting;
        });
    return turn[0];
  }

  /** The batch that the path belongs to; empty if the client may not begin one now. */
  private static Optional<Batch> batch(
      Queue<Batch> waiting, FilePath path, Caller as, ColdQuestionLimiter.Admission admission) {
    Optional<Batch> open =
        waiting.stream()
            .filter(b -> b.paths().contains(path) || b.paths().size() < MAX_PATHS)
            .findFirst();
    if (open.isEmpty() && admission.begin()) {
      Batch begun = new Batch(new LinkedHashSet<>(), as, new CompletableFuture<>());
      waiting.add(begun);
      open = Optional.of(begun);
    }
    open.ifPresent(b -> b.paths().add(path));
    return open;
  }

  /** The client whose own question the others wait behind. */
  private final class First implements Turn {
    private final Key key;

    First(Key key) {
      this.key = key;
    }

    @Override
    public Optional<EntryLookup.Known> await() {
      return Optional.empty();
    }

    @Override
    public void close() {
      ended(key);
    }
  }

  /** A client whose file is asked for with others. */
  private final class Gathered implements Turn {
    private final ResolvedRevision.At at;
    private final FileRequest request;
    private final Batch batch;
    private final ColdQuestionLimiter.Admission admission;

    Gathered(
        ResolvedRevision.At at,
        FileRequest request,
        Batch batch,
        ColdQuestionLimiter.Admission admission) {
      this.at = at;
      this.request = request;
      this.batch = batch;
      this.admission = admission;
    }

    @Override
    public Optional<EntryLookup.Known> await() {
      Duration left = request.deadline().left();
      Duration patience = left.compareTo(PATIENCE) < 0 ? left : PATIENCE;
      if (BoundedWait.until(batch.ended(), patience).isEmpty()) {
        return Optional.empty();
      }
      Optional<EntryLookup.Known> found = entries.find(at.repo(), at.commit(), request.path());
      found.ifPresent(_ -> admission.refund());
      return found;
    }

    @Override
    public void close() {}
  }

  /** A call ended: those who wait behind it are asked for. */
  private void ended(Key key) {
    List<Batch> next = new ArrayList<>(1);
    underWay.compute(
        key,
        (_, waiting) -> {
          Batch first = waiting == null ? null : waiting.poll();
          if (first == null) {
            return null;
          }
          next.add(first);
          return waiting;
        });
    for (Batch batch : next) {
      try {
        executor.execute(() -> run(key, batch));
      } catch (RejectedExecutionException e) {
        // The mirror stops.
        batch.ended().complete(false);
        ended(key);
      }
    }
  }

  private void run(Key key, Batch batch) {
    try {
      // A single file is better asked for by its client, because that brings its address too.
      if (batch.paths().size() > 1) {
        ask(key, batch);
      }
    } finally {
      batch.ended().complete(true);
      ended(key);
    }
  }

  private void ask(Key key, Batch batch) {
    PathsQuery query = new PathsQuery(batch.paths().stream().map(FilePath::value).toList(), false);
    ApiRequest request =
        ApiRequest.post(
            new HubTarget.PathsInfo(key.repo(), key.commit().asRevision()).format(),
            new ApiRequest.Body(PathsQuery.CONTENT_TYPE, query::writeTo));
    switch (upstream.learn(key.repo(), request, batch.as())) {
      case UpstreamResult.Value(ApiAnswer answer) -> {
        try (ApiBody body = answer.body()) {
          learn(key, batch, answer, body);
        } catch (IOException | MalformedJsonException e) {
          log.debug("paths-info of {} can't be read: {}", key.repo(), e.toString());
        }
      }
      case UpstreamResult.NoValue<ApiAnswer> none ->
          log.debug("paths-info of {} was not answered: {}", key.repo(), none);
    }
  }

  private void learn(Key key, Batch batch, ApiAnswer answer, ApiBody body)
      throws IOException, MalformedJsonException {
    if (!answer.authoritative() || !body.isWhole()) {
      return;
    }
    EntryJson.read(
        new ByteArrayInputStream(body.bytes()),
        sent -> {
          FilePath path = sent.entry().path();
          if (batch.paths().contains(path)) {
            sent.entry()
                .blob()
                .ifPresent(blob -> entries.learn(key.repo(), key.commit(), path, blob));
          }
        });
  }
}
