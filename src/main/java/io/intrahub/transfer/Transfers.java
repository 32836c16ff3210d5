package io.intrahub.transfer;

import io.intrahub.access.Authorised;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.BlobStore;
import io.intrahub.store.StoredBlob;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
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

  private final BlobStore store;
  private final TransferSettings settings;
  private final Executor executor;
  private final ScheduledExecutorService timer;

  /**
   * Running fills. An entry is removed by its filler, after the outcome is set. Lock order: this
   * map, then a fill's lock.
   */
  private final ConcurrentHashMap<Key, Fill> fills = new ConcurrentHashMap<>();

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
   * Opens a span of a content and waits until its head can be answered: for a small content until
   * it is verified, for another until bytes flow.
   *
   * <p>A part of a large content that is not there is read directly and does not start a fill: a
   * client that looks at a header must not pull a whole file.
   *
   * @param source where it comes from if it is not there; not opened otherwise
   * @param completing whether the client takes the content for complete with this span; it then
   *     reaches to the end of the content
   */
  public ContentOpening open(
      Authorised<RepoId> repo,
      BlobId blob,
      BlobSource source,
      ByteRange.Span span,
      boolean completing) {
    if (blob.size() == 0) {
      return empty(blob);
    }
    boolean mayFill = completing || blob.size() <= HoldBack.SMALL;
    Key key = Key.of(repo.subject(), blob);
    boolean wrongBefore = false;
    for (int round = 0; round < ROUNDS; round++) {
      Fill running = fills.get(key);
      if (running != null) {
        if (running.join()) {
          Optional<ContentOpening> opening =
              openFill(key, running, blob, source, span, completing, wrongBefore);
          if (opening.isPresent()) {
            return opening.get();
          }
          wrongBefore = true;
        }
        if (!isGone(running)) {
          return failed(UpstreamFailure.Kind.UNREACHABLE, STOPPING);
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
              openFill(key, started.fill(), blob, source, span, completing, wrongBefore);
          if (opening.isPresent()) {
            return opening.get();
          }
          wrongBefore = true;
        }
        case Start.Stopping _ -> {
          return failed(UpstreamFailure.Kind.UNREACHABLE, STOPPING);
        }
        case Start.StoreBroke _ -> {
          return PassThrough.open(source, blob, span);
        }
        case Start.NotNeeded _ -> {}
      }
    }
    return PassThrough.open(source, blob, span);
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
            Fill fill = new Fill(blob, source, store.write(repo.subject(), blob), settings);
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

  private void run(Key key, Fill fill) {
    try {
      fill.run();
    } finally {
      fills.remove(key, fill);
      fill.gone();
    }
  }

  /** Waits for the moment that an ended fill takes to close its file; false if interrupted. */
  private boolean isGone(Fill fill) {
    try {
      fill.awaitGone(settings.openTimeout());
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
      boolean wrongBefore) {
    FillStream stream =
        new FillStream(fill, blob, source, span, completing, () -> leave(key, fill));
    Optional<Fill.Outcome> outcome;
    try {
      Duration wait = settings.openTimeout();
      boolean small = blob.size() <= HoldBack.SMALL;
      outcome = small ? fill.awaitEnd(wait) : fill.awaitFlow(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stream.close();
      return Optional.of(failed(UpstreamFailure.Kind.UNREACHABLE, STOPPING));
    }
    boolean ready =
        outcome.isPresent()
            && (outcome.get() instanceof Fill.Outcome.Running
                || outcome.get() instanceof Fill.Outcome.Published);
    if (ready) {
      // What ends before the content does goes out before the digest is known.
      boolean verified = completing || outcome.get() instanceof Fill.Outcome.Published;
      return Optional.of(new ContentOpening.Ready(stream, ContentOpening.Origin.FILL, verified));
    }
    stream.close();
    if (outcome.isEmpty()) {
      return Optional.of(
          failed(UpstreamFailure.Kind.UNREACHABLE, "it is slow; the download goes on"));
    }
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
          Optional.of(PassThrough.open(source, blob, span));
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
          public void close() {}
        };
    return new ContentOpening.Ready(nothing, ContentOpening.Origin.STORE, true);
  }

  private static ContentOpening failed(UpstreamFailure.Kind kind, String reason) {
    return new ContentOpening.Failed(new UpstreamFailure(kind, reason));
  }
}
