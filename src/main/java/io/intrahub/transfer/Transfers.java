package io.intrahub.transfer;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.AuthorisedBlob;
import io.intrahub.base.Deadline;
import io.intrahub.base.DirectBufferPool;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.RepoId;
import io.intrahub.metrics.Meters;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.Scratch;
import io.intrahub.store.StoredBlob;
import io.intrahub.transfer.content.ContentFailures;
import io.intrahub.transfer.content.EmptyStream;
import io.intrahub.transfer.content.HoldBack;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.transfer.content.StoredStream;
import io.intrahub.transfer.core.Phase;
import io.intrahub.transfer.fetch.Transfer;
import io.intrahub.transfer.fetch.TransferContext;
import io.intrahub.transfer.fetch.TransferLog;
import io.intrahub.transfer.fetch.TransferMeter;
import io.intrahub.transfer.fetch.TransferProgress;
import io.intrahub.transfer.fetch.WaitingReaders;
import io.intrahub.transfer.limits.BandwidthLimiter;
import io.intrahub.transfer.limits.ConnectionLimiter;
import io.intrahub.transfer.limits.PassThroughPermits;
import io.intrahub.transfer.passthrough.PassThroughStreams;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands out content: from the store when it is there, else by joining or starting the one transfer
 * of it. Safe for use by many threads.
 */
public final class Transfers implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Transfers.class);

  /**
   * How often the store and the transfers are looked at before a content passes through: a blob
   * that is there but can't be opened must not make a client wait for ever.
   */
  private static final int ROUNDS = 20;

  /** As long as it takes to make 64 MiB durable on a slow disk. */
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  /** As long as the most patient of the usual clients waits for a byte: fetch of Node.js. */
  private static final Duration QUEUE_TIMEOUT = Duration.ofMinutes(5);

  private static final int MAX_CAME_WRONG = 2_000;

  /** As long as somebody may try to go on with what they got. */
  private static final Duration REMEMBER_WRONG = Duration.ofDays(1);

  private final PublishedBlobs published;
  private final Scratch scratch;
  private final TransferSettings settings;

  /** Transfers that can be joined. One is removed when it has ended. */
  private final SharedByKey<ContentKey, Transfer> transfers = new SharedByKey<>();

  /** Transfers that have a blob open; for the operator with the file that each was begun for. */
  private final Map<Transfer, String> live = new ConcurrentHashMap<>();

  private final TransferContext context;
  private final PassThroughStreams passThrough;
  private final ReaderAdmission admission;
  private final BackgroundTransfers background;

  /**
   * Contents of which wrong bytes may have gone out before their digest was known. What was not to
   * be kept is here under its repo, never for all who share the content.
   */
  private final Cache<ContentKey, Boolean> recentlyWrong =
      Caffeine.newBuilder().maximumSize(MAX_CAME_WRONG).expireAfterWrite(REMEMBER_WRONG).build();

  /**
   * Makes an empty one.
   *
   * @param executor a thread per task; a connection occupies one for as long as it is open
   * @param timer runs short tasks only
   * @param nanos a time that never goes back, as {@link System#nanoTime}
   * @param meters shows what goes on here from now on
   */
  public Transfers(
      PublishedBlobs published,
      Scratch scratch,
      TransferSettings settings,
      Executor executor,
      ScheduledExecutorService timer,
      LongSupplier nanos,
      Meters meters) {
    this.published = published;
    this.scratch = scratch;
    this.settings = settings;
    this.context =
        new TransferContext(
            executor,
            timer,
            nanos,
            new DirectBufferPool(settings.bufferBytes()),
            new ConnectionLimiter(
                settings.connectionsPerHost(),
                2 * settings.connectionsPerHost(),
                settings.largeBlobsAtOnce()),
            new BandwidthLimiter(settings.bytesPerSecond(), nanos),
            meters);
    this.passThrough =
        new PassThroughStreams(
            executor,
            context.bandwidthLimiter(),
            QUEUE_TIMEOUT,
            new PassThroughPermits(settings.passThroughStreams()));
    this.admission = new ReaderAdmission(settings, passThrough);
    this.background = new BackgroundTransfers(this);
    meters.watchLoads(this::loads);
  }

  /** Downloads that no client waits for. */
  public BackgroundTransfers background() {
    return background;
  }

  /** Number of transfers that fetch, or have a client. */
  public int running() {
    return (int) progress().stream().filter(p -> !p.isIdle()).count();
  }

  /** What each transfer is at; in no order. */
  public List<TransferProgress> progress() {
    return live.entrySet().stream().map(t -> t.getKey().progress(t.getValue())).toList();
  }

  /** What is loaded now, in numbers. */
  public Meters.Loads loads() {
    ConnectionLimiter connectionLimiter = context.connectionLimiter();
    return new Meters.Loads(
        running(), connectionLimiter.inUse(), connectionLimiter.waiting(), passThrough.streams());
  }

  /** Writes a line for each large content that is being fetched; to be called now and then. */
  public void logProgress() {
    progress().forEach(TransferLog::running);
  }

  /**
   * Ends all transfers. What came of them is kept; readers are broken. Waits for a while until all
   * is put away: who closes the store behind this must not do so in the middle of it.
   */
  @Override
  public void close() {
    live.keySet().forEach(Transfer::stop);
    Deadline deadline = Deadline.in(CLOSE_TIMEOUT);
    try {
      for (Transfer transfer : live.keySet()) {
        transfer.awaitEnd(deadline.left());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether a whole read would be served from the store alone. */
  public boolean isStored(AuthorisedBlob proof) {
    return proof.blob().size() == 0 || published.contains(proof);
  }

  /**
   * Whether clients may hold wrong bytes of this content: it streamed to them and did not have the
   * announced digest in the end. They must not go on with what they have, but start over.
   */
  public boolean recentlyWrong(AuthorisedBlob proof) {
    return recentlyWrong.getIfPresent(ContentKey.of(proof)) != null
        || recentlyWrong(proof.repo(), proof.blob());
  }

  /** The same for a content that passes through. */
  public boolean recentlyWrong(RepoId repo, BlobId blob) {
    return recentlyWrong.getIfPresent(ContentKey.unshared(repo, blob)) != null;
  }

  /**
   * Opens a span of a content and waits until its head can be answered: for a small content until
   * it is verified, for another until bytes flow.
   *
   * <p>A content that came wrong before is waited for like a small one: else a client that goes on
   * by itself would load it for ever, and each time get wrong bytes.
   *
   * <p>Of a large content only what is asked for is fetched, unless the whole is: a client that
   * looks at a header must not pull a whole file.
   *
   * @param proof of the right to read the content
   * @param source where it comes from if it is not there; not opened otherwise
   * @param completing whether the client takes the content for complete with this span; it then
   *     reaches to the end of the content
   * @param deadline by which the client must know
   */
  public UpstreamResult<OpenedContent> open(
      AuthorisedBlob proof,
      BlobSource source,
      ByteRange.Span span,
      boolean completing,
      Deadline deadline) {
    BlobId blob = proof.blob();
    if (blob.size() == 0) {
      return EmptyStream.open(blob);
    }
    boolean small = HoldBack.isSmall(blob.size());
    // A small one has its second try each time: it costs next to nothing.
    boolean wrongBefore = !small && recentlyWrong(proof);
    ContentKey key = ContentKey.of(proof);
    ReaderAdmission.Request request =
        new ReaderAdmission.Request(
            blob,
            source,
            span,
            completing,
            small || wrongBefore,
            deadline,
            () -> recentlyWrong.put(key, true));
    for (int round = 0; round < ROUNDS; round++) {
      Optional<StoredBlob> stored = published.open(proof);
      if (stored.isPresent()) {
        return fromStore(key, stored.get(), span, completing);
      }
      Optional<Transfer> transfer;
      try {
        transfer = join(key, proof, source, deadline);
      } catch (IOException e) {
        storeFailed("can't start a blob", blob, e);
        return passThrough.openQueued(request.past(span), deadline);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return new UpstreamResult.Failed<>(ContentFailures.STOPPING);
      }
      if (transfer.isEmpty()) {
        continue;
      }
      Optional<UpstreamResult<OpenedContent>> opening;
      try {
        Optional<WaitingReaders.Handle> handle = ReaderAdmission.admit(transfer.get(), request);
        if (handle.isEmpty()) {
          if (!deadline.left().isPositive()) {
            return new UpstreamResult.Failed<>(ContentFailures.STOPPING);
          }
          continue;
        }
        opening = admission.open(transfer.get(), handle.get(), request, wrongBefore);
      } catch (IOException e) {
        storeFailed("has no space for a blob", blob, e);
        return passThrough.openQueued(request.past(span), deadline);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return new UpstreamResult.Failed<>(ContentFailures.STOPPING);
      }
      if (opening.isPresent()) {
        return opening.get();
      }
      wrongBefore = true;
      request = request.allHeld();
    }
    return passThrough.openQueued(request.past(span), deadline);
  }

  private void storeFailed(String what, BlobId blob, IOException e) {
    log.warn("The store {}, so {} passes through: {}", what, blob.digest().hex(), e.toString());
    context.meters().storeFailure();
  }

  /**
   * Reads a published blob, which may be in doubt: then its end is held back like that of others.
   */
  private UpstreamResult<OpenedContent> fromStore(
      ContentKey key, StoredBlob stored, ByteRange.Span span, boolean completing) {
    CompletableFuture<StoredBlob.Check> check = stored.check();
    boolean verified = completing || check.isDone();
    var _ =
        check.thenAccept(found -> {
          if (found == StoredBlob.Check.WRONG) {
            // Its bytes went out before that was known.
            recentlyWrong.put(key, true);
          }
        });
    return new UpstreamResult.Value<>(
        new OpenedContent(
            new StoredStream(stored, span, completing, settings.trickleInterval()),
            OpenedContent.Origin.STORE,
            verified));
  }

  /**
   * Returns the transfer of a blob, and begins it if there is none.
   *
   * @return empty if the blob was published meanwhile, or if another client that was beginning the
   *     transfer failed or is not done by the deadline
   * @throws IOException when the store can't take the blob
   */
  private Optional<Transfer> join(
      ContentKey key, AuthorisedBlob proof, BlobSource source, Deadline deadline)
      throws IOException, InterruptedException {
    return transfers.get(
        key,
        // The store is asked again: a transfer that ended since it was asked before has published
        // the blob before it left the map, and a second download must not follow it.
        remove ->
            published.contains(proof)
                ? Optional.empty()
                : Optional.of(begin(key, proof, source, remove)),
        deadline);
  }

  private Transfer begin(ContentKey key, AuthorisedBlob proof, BlobSource source, Runnable remove)
      throws IOException {
    PartialBlob partial = scratch.write(proof);
    String shown = source.toString();
    Registration registration = new Registration(key, shown, remove);
    Transfer transfer = new Transfer(key.blob(), partial, settings.limits(), context, registration);
    live.put(transfer, shown);
    return transfer;
  }

  /** Removes a transfer when it has ended. */
  private final class Registration implements Transfer.Listener {
    private final ContentKey key;
    private final String source;
    private final Runnable remove;

    Registration(ContentKey key, String source, Runnable remove) {
      this.key = key;
      this.source = source;
      this.remove = remove;
    }

    @Override
    public void contentWasWrong(boolean given) {
      if (given || !HoldBack.isSmall(key.blob().size())) {
        recentlyWrong.put(key, true);
      }
    }

    @Override
    public void ended(Transfer transfer) {
      remove.run();
      TransferMeter.Summary summary = transfer.summary();
      // Not from the map: the transfer may have left it already.
      TransferLog.ended(source, summary);
      if (summary.phase() == Phase.STORE_FAILED) {
        context.meters().storeFailure();
      }
    }

    @Override
    public void closed(Transfer transfer) {
      live.remove(transfer);
    }
  }

  /**
   * Opens a span of a content that is not to be kept.
   *
   * @param repo in whose name it is asked for; that the client may read it, upstream has said
   * @param completing as for {@link #open}: then all before the span is fetched again, and hashed
   * @param client against whose share of the streams it counts
   * @param deadline by which the client must know
   */
  public UpstreamResult<OpenedContent> passThrough(
      RepoId repo,
      BlobSource source,
      BlobId blob,
      ByteRange.Span span,
      boolean completing,
      String client,
      Deadline deadline) {
    // Not for all who ask for the same content: the repo may claim a digest that is another's.
    ContentKey key = ContentKey.unshared(repo, blob);
    return passThrough.open(
        new PassThroughStreams.Request(
            source, blob, span, completing, () -> recentlyWrong.put(key, true)),
        client,
        deadline);
  }
}
