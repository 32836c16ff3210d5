package io.intrahub.transfer;

import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static io.intrahub.upstream.UpstreamResults.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.Deadline;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.TransferRig.Got;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.transfer.limits.BandwidthLimiter;
import io.intrahub.transfer.limits.PassThroughPermits;
import io.intrahub.transfer.passthrough.PassThroughStreams;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is waited for beside upstream, which may take an hour, takes no permit of a connection. */
@Timeout(60)
class LocalWaitTest {
  private static final byte[] BYTES = content(1_300_000);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);
  private static final Span ALL = Span.all(BYTES.length);
  private static final byte[] OTHERS = content(1_200_000);
  private static final BlobId OTHER = TestBlobs.sha256(OTHERS);

  private final TransferRig rig = new TransferRig(1 << 20, Duration.ofSeconds(20), 1);
  private final ScriptedSource file = new ScriptedSource(BYTES);
  private final CountDownLatch verified = new CountDownLatch(1);
  private final AtomicInteger waiting = new AtomicInteger();

  /** Waits that end early, so that it is opened in vain again. */
  private final AtomicInteger early = new AtomicInteger(2);

  private final PassThroughStreams streams =
      new PassThroughStreams(
          rig.threads,
          new BandwidthLimiter(0, System::nanoTime),
          Duration.ofSeconds(20),
          new PassThroughPermits(4));

  /** A file that is verified while upstream is down. */
  private final BlobSource verifying =
      new BlobSource() {
        private boolean isVerified() {
          return verified.getCount() == 0;
        }

        @Override
        public void awaitLocal() {
          if (early.getAndDecrement() > 0) {
            return;
          }
          waiting.incrementAndGet();
          try {
            verified.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          waiting.decrementAndGet();
        }

        @Override
        public boolean mayOpenLater(UpstreamFailure failure) {
          return failure.isOutage() && !Thread.currentThread().isInterrupted();
        }

        @Override
        public UpstreamResult<Opened> open(Span span) {
          return isVerified()
              ? file.open(span)
              : new UpstreamResult.Failed<>(
                  new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "as the test wants"));
        }
      };

  @AfterEach
  void nothing_leaks() {
    verified.countDown();
    rig.timer.fire();
    rig.assertNothingLeaks(file);
    rig.close();
  }

  @Test
  void a_transfer_waits_without_a_connection_and_lets_others_go_first() throws Exception {
    CompletableFuture<Got> reader = rig.readLater(BLOB, verifying, ALL);
    await().until(() -> waiting.get() > 0);
    assertThat(rig.transfers.loads().taken()).isZero();
    assertThat(rig.readNow(OTHER, new ScriptedSource(OTHERS), Span.all(OTHERS.length)).complete())
        .isTrue();

    verified.countDown();
    assertThat(get(reader).bytes()).isEqualTo(BYTES);
  }

  /** One whose content is not kept. */
  @Test
  void a_stream_past_the_store_waits_without_a_permit() {
    expectNoPermitWhileWaiting(
        (r, client) -> streams.open(r, client, Deadline.in(Duration.ofSeconds(50))));
  }

  @Test
  void a_stream_that_the_store_can_not_take_waits_without_a_permit() {
    expectNoPermitWhileWaiting(
        (r, _) -> streams.openQueued(r, Deadline.in(Duration.ofSeconds(50))));
  }

  private void expectNoPermitWhileWaiting(
      BiFunction<PassThroughStreams.Request, String, UpstreamResult<OpenedContent>> open) {
    PassThroughStreams.Request slow =
        new PassThroughStreams.Request(verifying, BLOB, ALL, true, () -> {});
    List<CompletableFuture<Boolean>> crowd = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      crowd.add(
          CompletableFuture.supplyAsync(
              () -> TransferRig.gives(value(open.apply(slow, "crowd")).stream(), BYTES),
              rig.threads));
    }
    await().until(() -> waiting.get() == crowd.size());
    PassThroughStreams.Request quick =
        new PassThroughStreams.Request(
            new ScriptedSource(OTHERS), OTHER, Span.all(OTHERS.length), true, () -> {});
    UpstreamResult<OpenedContent> other = open.apply(quick, "other");
    assertThat(TransferRig.gives(value(other).stream(), OTHERS)).isTrue();

    verified.countDown();
    assertThat(crowd).allMatch(CompletableFuture::join);
  }
}
