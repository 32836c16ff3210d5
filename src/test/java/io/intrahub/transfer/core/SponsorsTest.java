package io.intrahub.transfer.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.ByteRange.Span;
import io.intrahub.hub.HubError;
import io.intrahub.store.PartialBlob;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamFailure.Kind;
import io.intrahub.upstream.UpstreamResult;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whose token a transfer uses when the token of its sponsor is of no use any more. */
class SponsorsTest {
  private static final int PIECE = PartialBlob.PIECE;
  private static final long SIZE = 4L * PIECE;
  private static final long MILLIS = 1_000_000;
  private static final long SECONDS = 1_000 * MILLIS;
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

  private final TransferState state = new TransferState(SIZE, new BitSet(), LIMITS, 0);
  private final BlobSource alice = new TokenSource("alice");
  private final BlobSource bob = new TokenSource("bob");
  private final BlobSource carol = new TokenSource("carol");

  /** The state opens nothing, so all that counts of a source is in whose name it fetches. */
  private record TokenSource(String name) implements BlobSource {
    @Override
    public UpstreamResult<Opened> open(Span span) {
      throw new IllegalStateException("the state opens nothing");
    }

    @Override
    public Object sponsor() {
      return name;
    }

    @Override
    public boolean outlivesRequest() {
      return false;
    }
  }

  private Reader join(BlobSource source) {
    return state.join(source, Span.all(SIZE), true, Long.MAX_VALUE).orElseThrow();
  }

  /** The one run that is begun now. */
  private Run begun(long now) {
    List<Run> started = state.plan(now).start();
    assertThat(started).hasSize(1);
    return started.getFirst();
  }

  private void write(Run run, long bytes) {
    state.opened(run, true);
    assertThat(state.mayWrite(run, bytes)).isEqualTo(bytes);
    state.written(run, 0);
  }

  private static RunEnd failed(Kind kind) {
    return new RunEnd.Failed(new UpstreamFailure(kind, "scripted", false, Optional.empty()));
  }

  private static RunEnd limited(Duration retryAfter) {
    return new RunEnd.Failed(
        new UpstreamFailure(Kind.RATE_LIMITED, "scripted", true, Optional.of(retryAfter)));
  }

  private static RunEnd refused() {
    return new RunEnd.Refused(new HubRefusal(HubError.repoNotFound(true), Optional.empty()));
  }

  private void assertReads(Reader... readers) {
    for (Reader reader : readers) {
      assertThat(state.outcome(reader)).isInstanceOf(ReaderOutcome.Reading.class);
    }
  }

  private Kind failureOf(Reader reader) {
    return ((ReaderOutcome.Failed) state.outcome(reader)).failure().kind();
  }

  @Test
  void the_next_reader_takes_over_at_the_same_byte_when_the_token_of_the_sponsor_is_limited() {
    Reader first = join(alice);
    Reader second = join(bob);
    Run run = begun(0);
    assertThat(run.source()).isEqualTo(alice);
    write(run, PIECE + 10);
    state.ended(run, failed(Kind.UNREACHABLE), 0);
    Run again = begun(SECONDS);
    assertThat(again.source()).isEqualTo(alice);

    state.ended(again, failed(Kind.RATE_LIMITED), SECONDS);

    Run next = begun(SECONDS);
    assertThat(next.source()).isEqualTo(bob);
    assertThat(next.ask().offset()).isEqualTo(PIECE + 10);
    assertReads(first, second);
  }

  @Test
  void of_three_tokens_one_limited_and_one_refused_the_third_goes_on() {
    Reader first = join(alice);
    Reader second = join(bob);
    Reader third = join(carol);
    state.ended(begun(0), limited(Duration.ofSeconds(5)), 0);
    Run run = begun(0);
    assertThat(run.source()).isEqualTo(bob);
    state.ended(run, refused(), 0);
    Run last = begun(0);
    assertThat(last.source()).isEqualTo(carol);
    write(last, 2L * PIECE);

    assertReads(first, third);
    assertThat(state.outcome(second)).isInstanceOf(ReaderOutcome.Refused.class);
    assertThat(state.readable(first)).isEqualTo(2L * PIECE);
  }

  @Test
  void when_all_tokens_are_of_no_use_each_reader_hears_what_became_of_its_own() {
    Reader first = join(alice);
    Reader second = join(bob);
    state.ended(begun(0), failed(Kind.RATE_LIMITED), 0);
    state.ended(begun(0), failed(Kind.UNEXPECTED_ANSWER), 0);

    assertThat(failureOf(first)).isEqualTo(Kind.RATE_LIMITED);
    assertThat(failureOf(second)).isEqualTo(Kind.UNEXPECTED_ANSWER);
  }

  /** What is tried at most is stated: one try for each token, then as many rounds as tries. */
  @Test
  void tokens_that_are_all_limited_are_not_tried_for_ever() {
    Reader first = join(alice);
    Reader second = join(bob);
    long now = 0;
    int tries = 0;
    while (state.outcome(first) instanceof ReaderOutcome.Reading) {
      state.ended(begun(now), limited(Duration.ofSeconds(1)), now);
      tries++;
      now += 2 * SECONDS;
    }
    assertThat(tries).isEqualTo(2 * LIMITS.tries());
    assertThat(failureOf(second)).isEqualTo(Kind.RATE_LIMITED);
  }

  @Test
  void a_limit_is_waited_for_if_there_is_no_other_token_and_not_by_one_who_brings_one() {
    Reader first = join(alice);
    state.ended(begun(0), limited(Duration.ofSeconds(5)), 0);
    assertReads(first);
    assertThat(state.plan(4 * SECONDS).start()).isEmpty();

    Reader second = join(bob);

    Run run = begun(4 * SECONDS);
    assertThat(run.source()).isEqualTo(bob);
    write(run, SIZE);
    assertReads(first, second);
  }

  @Test
  void a_limit_is_over_when_the_time_that_upstream_named_is() {
    Reader first = join(alice);
    state.ended(begun(0), limited(Duration.ofSeconds(5)), 0);
    Run run = begun(5 * SECONDS);
    assertThat(run.source()).isEqualTo(alice);
    write(run, SIZE);
    assertReads(first);
  }

  /** Whether the token or the content is the reason can't be told, so another one gets a try. */
  @ParameterizedTest
  @EnumSource(names = {"UNEXPECTED_ANSWER", "SERVER_ERROR", "TIMED_OUT", "CIRCULAR"})
  void a_failure_that_may_be_of_the_token_leaves_the_next_try_to_another(Kind kind) {
    Reader first = join(alice);
    Reader second = join(bob);
    state.ended(begun(0), failed(kind), 0);
    Run run = begun(SECONDS);
    assertThat(run.source()).isEqualTo(bob);
    write(run, SIZE);
    assertReads(first, second);
  }

  /** Or a Hub that is down would be asked once with each token of a crowd. */
  @Test
  void a_crowd_of_tokens_gets_no_more_tries_than_one_when_the_hub_answers_no_one() {
    Reader first = join(alice);
    for (int i = 0; i < 40; i++) {
      join(new TokenSource("reader " + i));
    }
    long now = 0;
    int tries = 0;
    while (state.outcome(first) instanceof ReaderOutcome.Reading) {
      state.ended(begun(now), failed(Kind.SERVER_ERROR), now);
      tries++;
      now += 10 * SECONDS;
    }
    assertThat(tries).isEqualTo(LIMITS.tries());
  }

  @Test
  void an_upstream_that_is_not_there_is_not_asked_again_for_the_sake_of_another_token() {
    Reader first = join(alice);
    Reader second = join(bob);
    state.ended(begun(0), failed(Kind.UNREACHABLE), 0);
    assertThat(failureOf(first)).isEqualTo(Kind.UNREACHABLE);
    assertThat(failureOf(second)).isEqualTo(Kind.UNREACHABLE);
  }

  @Test
  void a_token_that_is_passed_over_is_used_again_when_it_is_the_only_one_left() {
    Reader first = join(alice);
    Reader second = join(bob);
    state.ended(begun(0), failed(Kind.RATE_LIMITED), 0);
    Run run = begun(0);
    write(run, PIECE);
    state.leave(second, SECONDS);
    assertThat(state.isStopped(run)).isTrue();
    state.ended(run, new RunEnd.Done(), SECONDS);

    Run last = begun(SECONDS);
    assertThat(last.source()).isEqualTo(alice);
    write(last, SIZE - PIECE);
    assertReads(first);
  }
}
