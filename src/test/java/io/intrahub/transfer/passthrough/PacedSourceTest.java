package io.intrahub.transfer.passthrough;

import static io.intrahub.upstream.UpstreamResults.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource;
import io.intrahub.transfer.ScriptedSource.Fails;
import io.intrahub.transfer.limits.BandwidthLimiter;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamResult;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PacedSourceTest {
  private static final int SIZE = 40_000;
  private static final byte[] BYTES = TestBlobs.bytes(1, SIZE);

  /** Its time stands still, so that what was read is never paid for. */
  private final BandwidthLimiter bandwidthLimiter = new BandwidthLimiter(10_000, () -> 0);

  private final ScriptedSource source = new ScriptedSource(BYTES);

  private BlobSource.Stream open(boolean small) {
    UpstreamResult<BlobSource.Opened> opening =
        new PacedSource(source, bandwidthLimiter, small, () -> {}).open(Span.all(SIZE));
    return value(opening).stream();
  }

  @Test
  void a_small_content_is_counted_and_does_not_wait() throws Exception {
    try (BlobSource.Stream stream = open(true)) {
      ByteBuffer got = ByteBuffer.allocate(SIZE);
      while (stream.read(got) >= 0) {}
      assertThat(got.array()).isEqualTo(BYTES);
    }
    assertThat(bandwidthLimiter.account(0)).isGreaterThan(TimeUnit.SECONDS.toNanos(3));
  }

  /** Four seconds at this pace; the thread is stopped in the middle of them. */
  @Test
  void a_large_one_rests() {
    try (BlobSource.Stream stream = open(false)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> stream.read(ByteBuffer.allocate(SIZE)))
          .isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(source.openStreams()).isZero();
  }

  /** Nobody waits for it, so it rests even if it is small. */
  @Test
  void what_no_client_waits_for_rests() {
    BlobSource background = new Background(source);
    UpstreamResult<BlobSource.Opened> opening =
        new PacedSource(background, bandwidthLimiter, true, () -> {}).open(Span.all(SIZE));
    try (BlobSource.Stream stream = value(opening).stream()) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> stream.read(ByteBuffer.allocate(SIZE)))
          .isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  private record Background(BlobSource source) implements BlobSource {
    @Override
    public UpstreamResult<Opened> open(Span span) {
      return source.open(span);
    }

    @Override
    public boolean isBackground() {
      return true;
    }
  }

  @Test
  void what_can_not_be_opened_is_asked_for_once() {
    source.always(new Fails());
    assertThat(new PacedSource(source, bandwidthLimiter, false, () -> {}).open(Span.all(SIZE)))
        .isInstanceOf(UpstreamResult.Failed.class);
    assertThat(source.opened()).isEqualTo(1);
  }

  /** So that a background transfer is handed on at a 429, and does not wait it out. */
  @Test
  void it_opens_unless_limited_as_its_source_does_and_is_paced_too() throws Exception {
    BlobSource limited =
        new BlobSource() {
          @Override
          public UpstreamResult<Opened> open(Span span) {
            throw new AssertionError("this would wait for the end of the limit");
          }

          @Override
          public UpstreamResult<Opened> openUnlessLimited(Span span) {
            return source.open(span);
          }
        };
    BlobSource paced = new PacedSource(limited, bandwidthLimiter, true, () -> {});
    try (BlobSource.Stream stream = value(paced.openUnlessLimited(Span.all(SIZE))).stream()) {
      ByteBuffer got = ByteBuffer.allocate(SIZE);
      while (stream.read(got) >= 0) {}
      assertThat(got.array()).isEqualTo(BYTES);
    }
    assertThat(bandwidthLimiter.account(0)).isGreaterThan(TimeUnit.SECONDS.toNanos(3));
  }
}
