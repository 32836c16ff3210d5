package io.intrahub.transfer.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.PartialBlob;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.time.Duration;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

/**
 * Who may read how far, and when it ends, for what a simulation meets once in ten thousand runs.
 */
class TransferStateTest {
  private static final int PIECE = PartialBlob.PIECE;
  private static final long SIZE = 3L * PIECE;
  private static final TransferLimits LIMITS =
      new TransferLimits(
          PIECE,
          1,
          4,
          PIECE,
          8L * PIECE,
          8L * PIECE,
          PIECE,
          3,
          64 << 10,
          Duration.ofMillis(200),
          Duration.ofSeconds(10),
          0,
          8L * PIECE,
          Duration.ofSeconds(5),
          PIECE);

  private final BlobSource source =
      span -> {
        throw new IllegalStateException("the state opens nothing");
      };
  private final TransferState state = new TransferState(SIZE, new BitSet(), LIMITS, 0);

  private Reader join(long from, long length, long heldFrom) {
    return state.join(source, new Span(from, length), false, heldFrom).orElseThrow();
  }

  /** Fetches all that is wanted, one piece after the other. */
  private void fetch() {
    for (Run run : state.plan(0).start()) {
      while (left(run) > 0) {
        var _ = state.mayWrite(run, PIECE);
        state.written(run, 0);
      }
      state.ended(run, new RunEnd.Done(), 0);
    }
  }

  @Test
  void it_is_a_client_s_as_long_as_a_client_reads() {
    BlobSource background = new BackgroundSource();
    Span all = Span.all(SIZE);
    var _ = state.join(background, all, true, Long.MAX_VALUE).orElseThrow();
    assertThat(state.isBackground()).isTrue();
    Reader client = state.join(source, all, true, Long.MAX_VALUE).orElseThrow();
    assertThat(state.isBackground()).isFalse();
    state.leave(client, 0);
    assertThat(state.isBackground()).isTrue();
  }

  private record BackgroundSource() implements BlobSource {
    @Override
    public UpstreamResult<Opened> open(Span span) {
      throw new IllegalStateException("the state opens nothing");
    }

    @Override
    public boolean isBackground() {
      return true;
    }
  }

  @Test
  void for_a_part_that_waits_for_the_digest_all_of_it_is_fetched() {
    Reader reader = join(PIECE, 100, 0);
    for (int i = 0; i < 4; i++) {
      fetch();
    }
    assertThat(state.missing()).isZero();
    assertThat(state.readable(reader)).isEqualTo(PIECE);
    state.published();
    assertThat(state.readable(reader)).isEqualTo(PIECE + 100);
  }

  @Test
  void a_store_that_broke_gives_nothing_more() {
    Reader reader = join(0, 100, Long.MAX_VALUE);
    fetch();
    state.delivered(reader, 10);
    assertThat(state.readable(reader)).isEqualTo(100);

    state.storeFailed();

    assertThat(state.readable(reader)).isEqualTo(10);
    assertThat(state.outcome(reader)).isInstanceOf(ReaderOutcome.StoreFailed.class);
  }

  @Test
  void nor_does_one_that_breaks_while_the_mirror_stops() {
    Reader reader = join(0, 100, Long.MAX_VALUE);
    fetch();
    state.stop(new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "it stops"));
    assertThat(state.readable(reader)).isEqualTo(100);

    state.storeFailed();

    assertThat(state.readable(reader)).isZero();
    assertThat(state.outcome(reader)).isInstanceOf(ReaderOutcome.Failed.class);
  }

  /** Who gets a byte after that would not be remembered as one who may have a wrong one. */
  @Test
  void no_held_byte_goes_out_when_it_is_known_that_all_is_wrong() {
    Reader reader = join(0, SIZE, 0);
    for (int i = 0; i < 4; i++) {
      fetch();
    }
    assertThat(state.missing()).isZero();
    assertThat(state.foundWrong()).isFalse();

    state.trickle(reader);

    assertThat(state.readable(reader)).isZero();
  }

  @Test
  void a_held_byte_that_may_be_taken_counts_as_given() {
    Reader reader = join(0, SIZE, 0);
    fetch();
    state.trickle(reader);
    assertThat(state.readable(reader)).isEqualTo(1);
    assertThat(state.foundWrong()).isTrue();
  }

  /** What a run may still fetch. */
  private long left(Run run) {
    return state.claimEnd(run) - run.position;
  }
}
