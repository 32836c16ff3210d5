package io.intrahub.transfer;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authorised;
import io.intrahub.base.Deadline;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.BlobStore;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoredBlob;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands out content: from the store when it is there, else by joining or starting the one fill of
 * it. Safe for use by many threads.
 */
public final class Transfers {
  private static final Logger log = LoggerFactory.getLogger(Transfers.class);
  private static final String STOPPING = "the mirror is being stopped";

  /**
   * How often the store and the running fills are looked at before a content passes through: a blob
   * that is there but can't be opened must not make a client wait for ever.
   */
  private static final int ROUNDS = 20;

  private static final int MAX_CAME_WRONG = 10_000;

  /** As long as somebody may try to go on with what they got. */
  private static final Duration REMEMBER_WRONG = Duration.ofDays(1);

  private final BlobStore store;
  private final TransferSettings settings;
  private final Executor executor;
  private final ScheduledExecutorService timer;

  /**
   * Running fills. An entry is removed by its filler, after the outcome is set. Lock order: this
   * map, then a fill's lock.
   */
  private final ConcurrentHashMap<Key, Fill> fills = new ConcurrentHashMap<>();

  /** Large contents of which wrong bytes went out before their digest was known. */
  private final Cache<Key, Boolean> cameWrong =
      Caffeine.newBuilder().maximumSize(MAX_CAME_WRONG).expireAfterWrite(REMEMBER_WRONG).build();

  /** Where a blob is shared: an LFS content by all repos, another within its repo. */
  private record Key(Optional<RepoId> repo, BlobId blob) {
    static Key of(RepoId repo, BlobId blob) {
      boolean shared = blob.digest() instanceof Digest.Sha256;
      return new Key(shared ? Optional.empty() : Optional.of(repo), blob);
    }
  }

  /**
   * Makes an empty one.
   *
   * @param executor a thread per task; a fill occupies one for as long as it runs
   * @param timer for judging abandoned fills
   */
  public Transfers(
      BlobStore store,
      TransferSettings settings,
      Executor executor,
      ScheduledExecutorService timer) {
    this.store = store;
    this.settings = settings;
    this.executor = executor;
    this.timer = timer;
  }

  /** Number of fills under way. */
  public int running() {
    return fills.size();
  }

  /** Whether a whole read would be served from the store alone. */
  public boolean isStored(Authorised<RepoId> repo, BlobId blob) {
    return blob.size() == 0 || store.contains(repo, blob);
  }

  /**
   * Whether clients may hold wrong bytes of this content: it streamed to them and did not have the
   * announced digest in the end. They must not go on with what they have, but start over.
   */
  public boolean cameWrong(Authorised<RepoId> repo, BlobId blob) {
    return cameWrong.getIfPresent(Key.of(repo.subject(), blob)) != null;
  }

  /**
   * Opens a span of a content and waits until its head can be answered: for a small content until
   * it is verified, for another until bytes flow.
   *
   * <p>A content that came wrong before is waited for like a small one: else a client that goes on
   * by itself would load it for ever, and each time get wrong bytes.
   *
   * <p>A part of a large content that is not there is read directly and does not start a fill: a
   * client that looks at a header must not pull a whole file.
   *
   * @param source where it comes from if it is not there; not opened otherwise
   * @param completing whether the client takes the content for complete with this span; it then
   *     reaches to the end of the content
   * @param deadline by which the client must know
   */
  public ContentOpening open(
      Authorised<RepoId> repo,
      BlobId blob,
      BlobSource source,
      ByteRange.Span span,
      boolean completing,
      Deadline deadline) {
    if (blob.size() == 0) {
      return empty(blob);
    }
    boolean mayFill = completing || blob.size() <= HoldBack.SMALL;
    Key key = Key.of(repo.subject(), blob);
    boolean wrongBefore = cameWrong(repo, blob);
    for (int round = 0; round < ROUNDS; round++) {
      Fill running = fills.get(key);
      if (running != null) {
        if (running.join()) {
          Optional<ContentOpening> opening =
              openFill(key, running, blob, source, span, completing, wrongBefore, deadline);
          if (opening.isPresent()) {
            return opening.get();
          }
          wrongBefore = true;
        }
        if (!isGone(running, deadline)) {
          return stopped();
        }
      }
      Optional<StoredBlob> stored = store.open(repo, blob);
      if (stored.isPresent()) {
        return new ContentOpening.Ready(
            new StoredStream(stored.get(), span), ContentOpening.Origin.STORE, true);
      }
      if (!mayFill) {
        break;
      }
      switch (start(key, repo, blob, source)) {
        case Start.Started started -> {
          Optional<ContentOpening> opening =
              openFill(key, started.fill(), blob, source, span, completing, wrongBefore, deadline);
          if (opening.isPresent()) {
            return opening.get();
          }
          wrongBefore = true;
        }
        case Start.Stopping _ -> {
          return stopped();
        }
        case Start.StoreBroke _ -> {
          return passThrough(source, blob, span, deadline);
        }
        case Start.NotNeeded _ -> {}
      }
    }
    return passThrough(source, blob, span, deadline);
  }

  /**
   * Opens a span of a content that is not to be kept, or that the store can't take.
   *
   * @param deadline by which the client must know
   */
  public ContentOpening passThrough(
      BlobSource source, BlobId blob, ByteRange.Span span, Deadline deadline) {
    CompletableFuture<ContentOpening> opening;
    try {
      opening = CompletableFuture.supplyAsync(() -> PassThrough.open(source, blob, span), executor);
    } catch (RejectedExecutionException e) {
      return stopped();
    }
    try {
      return opening.get(deadline.left().toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return new ContentOpening.Ready(
          new LaterStream(opening),
          ContentOpening.Origin.UPSTREAM,
          PassThrough.isChecked(blob, span));
    } catch (ExecutionException e) {
      throw new IllegalStateException("opening a content failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return stopped();
    }
  }

  private static ContentOpening stopped() {
    return failed(UpstreamFailure.Kind.UNREACHABLE, STOPPING);
  }

  /** What came of starting a fill. */
  private sealed interface Start {
    /** It was joined by the caller. */
    record Started(Fill fill) implements Start {}

    /** One runs, or the blob was published meanwhile: to be looked at again. */
    record NotNeeded() implements Start {}

    /** The store can't take the blob now, so it makes no sense to ask it again. */
    record StoreBroke() implements Start {}

    /** Nothing is started any more. */
    record Stopping() implements Start {}
  }

  private Start start(Key key, Authorised<RepoId> repo, BlobId blob, BlobSource source) {
    AtomicReference<Start> result = new AtomicReference<>(new Start.NotNeeded());
    fills.compute(
        key,
        (k, other) -> {
          // Looked at again under the map's lock: a fill that ended since store.open was asked has
          // published before it left the map, and a second download must not follow it.
          if ((other != null && other.isRunning()) || store.contains(repo, blob)) {
            return other;
          }
          try {
            Fill fill = new Fill(blob, source, begin(repo, blob), settings);
            // Joined before it runs: it may end, for example be refused, in no time.
            fill.join();
            result.set(new Start.Started(fill));
            return fill;
          } catch (IOException e) {
            log.warn("The store can't begin a blob of {} bytes: {}", blob.size(), e.toString());
            result.set(new Start.StoreBroke());
            return null;
          }
        });
    if (result.get() instanceof Start.Started started) {
      try {
        executor.execute(() -> run(key, started.fill()));
      } catch (RejectedExecutionException e) {
        started.fill().neverRan();
        fills.remove(key, started.fill());
        started.fill().gone();
        return new Start.Stopping();
      }
    }
    return result.get();
  }

  private PartialBlob begin(Authorised<RepoId> repo, BlobId blob) throws IOException {
    PartialBlob partial = store.write(repo, blob);
    boolean begun = false;
    try {
      partial.reserve(blob.size());
      begun = true;
      return partial;
    } finally {
      if (!begun) {
        partial.close();
      }
    }
  }

  private void run(Key key, Fill fill) {
    try {
      fill.run();
      if (fill.isWrong() && key.blob().size() > HoldBack.SMALL) {
        cameWrong.put(key, true);
      }
    } finally {
      fills.remove(key, fill);
      fill.gone();
    }
  }

  /** Waits for the moment that an ended fill takes to close its file; false if interrupted. */
  private boolean isGone(Fill fill, Deadline deadline) {
    try {
      fill.awaitGone(deadline.left());
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Opens a joined fill. Empty when a small content came wrong for the first time: a second
   * download may be right, and the client need not know.
   */
  private Optional<ContentOpening> openFill(
      Key key,
      Fill fill,
      BlobId blob,
      BlobSource source,
      ByteRange.Span span,
      boolean completing,
      boolean wrongBefore,
      Deadline deadline) {
    boolean whole = blob.size() <= HoldBack.SMALL || cameWrong.getIfPresent(key) != null;
    Optional<Fill.Outcome> outcome;
    try {
      Duration left = deadline.left();
      Duration wait = left.compareTo(settings.openTimeout()) < 0 ? left : settings.openTimeout();
      outcome = whole ? fill.awaitEnd(wait) : fill.awaitFlow(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      leave(key, fill);
      return Optional.of(stopped());
    }
    // Upstream is slow, but it has not failed: the head goes out now, and the bytes when they come.
    // A client that is told of an error here gives up: huggingface_hub 2.4.0 asks again for a
    // content that stops, but not after a 504.
    boolean awaited = outcome.isEmpty();
    boolean ready =
        awaited
            || outcome.get() instanceof Fill.Outcome.Running
            || outcome.get() instanceof Fill.Outcome.Published;
    if (ready) {
      ContentStream stream =
          new FillStream(
              fill, blob, source, span, completing, whole, awaited, () -> leave(key, fill));
      // What ends before the content does goes out before the digest is known.
      boolean verified =
          whole || completing || (!awaited && outcome.get() instanceof Fill.Outcome.Published);
      return Optional.of(new ContentOpening.Ready(stream, ContentOpening.Origin.FILL, verified));
    }
    leave(key, fill);
    return switch (outcome.get()) {
      case Fill.Outcome.Refused refused ->
          Optional.of(new ContentOpening.Refused(refused.refusal()));
      case Fill.Outcome.Failed f -> Optional.of(new ContentOpening.Failed(f.failure()));
      case Fill.Outcome.Wrong _ ->
          wrongBefore
              ? Optional.of(
                  failed(
                      UpstreamFailure.Kind.STRANGE,
                      "its content does not have the announced digest"))
              : Optional.empty();
      case Fill.Outcome.StoreBroke _, Fill.Outcome.Abandoned _ ->
          Optional.of(passThrough(source, blob, span, deadline));
      case Fill.Outcome.Running _, Fill.Outcome.Published _ ->
          throw new IllegalStateException("answered above");
    };
  }

  private void leave(Key key, Fill fill) {
    if (fill.leave() && fills.get(key) == fill) {
      try {
        var _ =
            timer.schedule(
                fill::abandonUnlessWorthIt,
                settings.abandonAfter().toMillis(),
                TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException e) {
        log.debug("The mirror stops; a fill without readers ends with it", e);
      }
    }
  }

  /**
   * Nothing has to be fetched to know an empty content; its digest still has to be the right one.
   */
  private static ContentOpening empty(BlobId blob) {
    String digest = HexFormat.of().formatHex(blob.digest().newHash(0).digest());
    if (!digest.equals(blob.digest().hex())) {
      return failed(
          UpstreamFailure.Kind.STRANGE, "it announces an empty content with a digest of another");
    }
    ContentStream nothing =
        new ContentStream() {
          @Override
          public int read(java.nio.ByteBuffer into) {
            return -1;
          }

          @Override
          public void await() {}

          @Override
          public void close() {}
        };
    return new ContentOpening.Ready(nothing, ContentOpening.Origin.STORE, true);
  }

  private static ContentOpening failed(UpstreamFailure.Kind kind, String reason) {
    return new ContentOpening.Failed(new UpstreamFailure(kind, reason));
  }
}
