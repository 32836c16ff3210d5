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
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gathers the questions about files of a commit that is too large for its listing to be stored. A
 * file that is asked for alone costs one call, which also brings its address. Files that are asked
 * for while that call is under way share the next one ({@code paths-info}), which begins when that
 * call ends, or when it takes long. What it does not answer, whatever the reason, its clients ask
 * for themselves.
 *
 * <p>Safe for use by many threads.
 */
final class GatheredPaths {
  private static final Logger log = LoggerFactory.getLogger(GatheredPaths.class);

  /** Paths of one call. Its answer is then short enough to be checked as a whole. */
  private static final int MAX_PATHS = 100;

  /** The call under way is not waited for longer than this part of {@link #patience}. */
  private static final int WAIT_SHARE = 4;

  private final HubUpstream upstream;
  private final ManifestLoader manifests;
  private final EntryLookup entries;
  private final ColdQuestionLimiter questions;
  private final Executor executor;

  /** After this a client asks for its own file, because another one's question may be stuck. */
  private final Duration patience;

  /** For each commit about which a call is under way, that call and what is asked next. */
  private final ConcurrentHashMap<Key, Line> underWay = new ConcurrentHashMap<>();

  /** The authority is part of the key: nobody has another's token asked about a path. */
  private record Key(RepoId repo, CommitHash commit, Authority as) {}

  /**
   * The call under way and those that wait behind it. Used only within {@code compute} of its key.
   *
   * @param current of what the end lets the next call begin: a {@link First} or a {@link Batch}
   */
  private record Line(Object current, Queue<Batch> waiting) {
    Line with(Object next) {
      return new Line(next, waiting);
    }
  }

  /**
   * What one call asks for. Compared by identity.
   *
   * @param paths grows until the call begins, within {@code compute} of its key
   * @param as who began the batch
   * @param ended completed when there is no more to wait for
   */
  private record Batch(Set<FilePath> paths, Caller as, CompletableFuture<Boolean> ended) {
    /** A single file is better asked for by its client, because that brings its address too. */
    boolean isCall() {
      return paths.size() > 1;
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  /**
   * Nothing is under way.
   *
   * @param executor a thread per task
   * @param patience how long a client waits for what is asked with others
   */
  GatheredPaths(
      HubUpstream upstream,
      ManifestLoader manifests,
      EntryLookup entries,
      ColdQuestionLimiter questions,
      Executor executor,
      Duration patience) {
    this.upstream = upstream;
    this.manifests = manifests;
    this.entries = entries;
    this.questions = questions;
    this.executor = executor;
    this.patience = patience;
  }

  /** A client's turn to ask; to be closed when it has its answer. For one thread. */
  interface Turn extends AutoCloseable {
    /** Waits for what is asked with others; empty if the client is to ask for its file itself. */
    Optional<EntryLookup.Known> await();

    /**
     * The client's own question found its file: what the shared one cost it is given back, because
     * what exists costs nothing.
     */
    void refund();

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
        public void refund() {}

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
        (_, line) -> {
          if (line == null) {
            First first = new First(key);
            turn[0] = first;
            return new Line(first, new ArrayDeque<>());
          }
          batch(line.waiting(), request.path(), at.reader(), admission)
              .ifPresent(batch -> turn[0] = new Gathered(key, at, request, batch, admission));
          return line;
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
    public void refund() {}

    @Override
    public void close() {
      ended(key, this);
    }
  }

  /** A client whose file is asked for with others. */
  private final class Gathered implements Turn {
    private final Key key;
    private final ResolvedRevision.At at;
    private final FileRequest request;
    private final Batch batch;
    private final ColdQuestionLimiter.Admission admission;

    Gathered(
        Key key,
        ResolvedRevision.At at,
        FileRequest request,
        Batch batch,
        ColdQuestionLimiter.Admission admission) {
      this.key = key;
      this.at = at;
      this.request = request;
      this.batch = batch;
      this.admission = admission;
    }

    @Override
    public Optional<EntryLookup.Known> await() {
      Duration left = request.deadline().left();
      Duration atMost = left.compareTo(patience) < 0 ? left : patience;
      Duration turn = atMost.dividedBy(WAIT_SHARE);
      if (BoundedWait.until(batch.ended(), turn).isEmpty()) {
        overtake(key, batch);
        if (BoundedWait.until(batch.ended(), atMost.minus(turn)).isEmpty()) {
          return Optional.empty();
        }
      }
      if (!batch.isCall()) {
        admission.refund();
      }
      Optional<EntryLookup.Known> found = entries.find(at.repo(), at.commit(), request.path());
      found.ifPresent(_ -> admission.refund());
      return found;
    }

    @Override
    public void refund() {
      admission.refund();
    }

    @Override
    public void close() {}
  }

  /** A call ended: what waits behind it is asked, unless something has overtaken it. */
  private void ended(Key key, Object call) {
    AtomicReference<Optional<Batch>> next = new AtomicReference<>(Optional.empty());
    underWay.computeIfPresent(
        key,
        (_, line) -> {
          if (!line.current().equals(call)) {
            return line;
          }
          next.set(Optional.ofNullable(line.waiting().poll()));
          return next.get().map(line::with).orElse(null);
        });
    next.get().ifPresent(batch -> begin(key, batch));
  }

  /** Begins a batch that still waits, although the call before it has not ended. */
  private void overtake(Key key, Batch batch) {
    AtomicBoolean isNext = new AtomicBoolean();
    underWay.computeIfPresent(
        key,
        (_, line) -> {
          isNext.set(line.waiting().remove(batch));
          return isNext.get() ? line.with(batch) : line;
        });
    if (isNext.get()) {
      begin(key, batch);
    }
  }

  private void begin(Key key, Batch batch) {
    try {
      executor.execute(() -> run(key, batch));
    } catch (RejectedExecutionException e) {
      // The mirror stops.
      batch.ended().complete(false);
      ended(key, batch);
    }
  }

  private void run(Key key, Batch batch) {
    try {
      if (batch.isCall()) {
        ask(key, batch);
      }
    } finally {
      batch.ended().complete(true);
      ended(key, batch);
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
