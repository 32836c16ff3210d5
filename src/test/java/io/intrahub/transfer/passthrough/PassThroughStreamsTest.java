package io.intrahub.transfer.passthrough;

import static io.intrahub.upstream.UpstreamResults.failure;
import static io.intrahub.upstream.UpstreamResults.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.Deadline;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource;
import io.intrahub.transfer.TransferRig;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.transfer.limits.BandwidthLimiter;
import io.intrahub.transfer.limits.PassThroughPermits;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PassThroughStreamsTest {
  private static final byte[] BYTES = TestBlobs.bytes(1, 10_000);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final PassThroughStreams passThrough =
      new PassThroughStreams(
          threads,
          new BandwidthLimiter(0, System::nanoTime),
          Duration.ofSeconds(20),
          new PassThroughPermits(4));
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch answers = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final AtomicBoolean deaf = new AtomicBoolean();
  private final ScriptedSource content = new ScriptedSource(BYTES);

  /** Upstream that takes its time to answer. */
  private final BlobSource slow =
      span -> {
        asked.countDown();
        while (true) {
          try {
            answers.await();
            return content.open(span);
          } catch (InterruptedException e) {
            stopped.countDown();
            if (!deaf.get()) {
              Thread.currentThread().interrupt();
              return new UpstreamResult.Failed<>(
                  new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "stopped"));
            }
          }
        }
      };

  @AfterEach
  void stop() {
    answers.countDown();
    threads.close();
    assertThat(passThrough.streams()).isZero();
    assertThat(content.openStreams()).isZero();
  }

  private ContentStream openLate() throws Exception {
    UpstreamResult<OpenedContent> opening =
        passThrough.open(
            new PassThroughStreams.Request(slow, BLOB, Span.all(BYTES.length), true, () -> {}),
            "",
            Deadline.in(Duration.ZERO));
    asked.await();
    assertThat(opening).isInstanceOf(UpstreamResult.Value.class);
    return value(opening).stream();
  }

  @Test
  void what_takes_longer_than_the_client_may_wait_comes_later() throws Exception {
    ContentStream stream = openLate();
    assertThat(stream.isAwaited()).isTrue();
    answers.countDown();
    assertThat(TransferRig.gives(stream, BYTES)).isTrue();
  }

  /** It may be asked with a token of the client's. */
  @Test
  void upstream_is_not_asked_any_more_when_the_client_has_gone() throws Exception {
    openLate().close();
    assertThat(stopped.await(10, TimeUnit.SECONDS)).as("it was stopped").isTrue();
  }

  @Test
  void who_has_stood_in_line_for_too_long_is_told() throws Exception {
    PassThroughStreams hasty =
        new PassThroughStreams(
            threads,
            new BandwidthLimiter(0, System::nanoTime),
            Duration.ZERO,
            new PassThroughPermits(4));
    byte[] bytes = TestBlobs.bytes(2, 1_100_000);
    BlobId blob = TestBlobs.sha256(bytes);
    ScriptedSource source = new ScriptedSource(bytes);
    Span all = Span.all(bytes.length);
    PassThroughStreams.Request whole =
        new PassThroughStreams.Request(source, blob, all, true, () -> {});
    PassThroughStreams.Request rest =
        new PassThroughStreams.Request(source, blob, new Span(7, bytes.length - 7), true, () -> {});
    Deadline deadline = Deadline.in(Duration.ofSeconds(20));
    List<ContentStream> few = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      UpstreamResult<OpenedContent> opening = hasty.openQueued(whole, deadline);
      few.add(value(opening).stream());
    }

    UpstreamResult<OpenedContent> opening = hasty.openQueued(whole, deadline);
    assertThat(opening).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(failure(opening).kind()).isEqualTo(UpstreamFailure.Kind.BUSY);
    assertThatThrownBy(() -> hasty.resumeQueued(rest, (offset, seen) -> {}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("too many clients wait");
    assertThat(source.opened()).isEqualTo(3);

    few.removeFirst().close();
    try (ContentStream resumed = hasty.resumeQueued(rest, (offset, seen) -> {})) {
      assertThat(TransferRig.gives(resumed, Arrays.copyOfRange(bytes, 7, bytes.length))).isTrue();
    }
    few.forEach(ContentStream::close);
    assertThat(hasty.streams()).isZero();
    assertThat(source.openStreams()).isZero();
  }

  @Test
  void a_client_beyond_the_limit_of_streams_is_refused_before_upstream_is_asked() throws Exception {
    PassThroughStreams narrow =
        new PassThroughStreams(
            threads,
            new BandwidthLimiter(0, System::nanoTime),
            Duration.ofSeconds(20),
            new PassThroughPermits(1));
    Span all = Span.all(BYTES.length);
    PassThroughStreams.Request request =
        new PassThroughStreams.Request(content, BLOB, all, true, () -> {});
    UpstreamResult<OpenedContent> first =
        narrow.open(request, "a", Deadline.in(Duration.ofSeconds(20)));
    UpstreamResult<OpenedContent> second = narrow.open(request, "b", Deadline.in(Duration.ZERO));
    assertThat(failure(second).kind()).isEqualTo(UpstreamFailure.Kind.BUSY);
    assertThat(failure(second).reason()).contains("transfer.passthrough-streams");
    assertThat(content.opened()).isEqualTo(1);

    value(first).stream().close();
    UpstreamResult<OpenedContent> third =
        narrow.open(request, "b", Deadline.in(Duration.ofSeconds(20)));
    assertThat(TransferRig.gives(value(third).stream(), BYTES)).isTrue();
  }

  @Test
  void what_is_opened_all_the_same_is_closed() throws Exception {
    deaf.set(true);
    openLate().close();
    assertThat(stopped.await(10, TimeUnit.SECONDS)).isTrue();
    answers.countDown();
    await().until(() -> content.opened() == 1 && content.openStreams() == 0);
  }
}
