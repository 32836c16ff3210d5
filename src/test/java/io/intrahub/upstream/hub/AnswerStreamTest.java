package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.base.MemoryBudget;
import io.intrahub.upstream.BrokenAnswerException;
import java.time.Duration;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.Buffer;
import okio.Okio;
import okio.Pipe;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AnswerStreamTest {
  private static final int SIZE = 10_000_000;

  private final Pipe upstream = new Pipe(SIZE);

  /** Its bytes earn two and a half minutes. */
  private AnswerStream stream(Duration longest) throws Exception {
    upstream.sink().write(new Buffer().write(new byte[SIZE]), SIZE);
    Response response =
        new Response.Builder()
            .request(new Request.Builder().url("http://hub.invalid/").build())
            .protocol(Protocol.HTTP_1_1)
            .code(200)
            .message("")
            .body(ResponseBody.create(Okio.buffer(upstream.source()), null, -1))
            .build();
    return new AnswerStream(
        response,
        new MemoryBudget(1L << 40, Duration.ZERO).reservation("test"),
        true,
        Duration.ofMillis(1),
        longest,
        0);
  }

  @Test
  void an_answer_ends_at_the_longest_time_however_many_bytes_came() throws Exception {
    try (AnswerStream stream = stream(Duration.ofMillis(200))) {
      assertThatThrownBy(() -> stream.request(SIZE + 1)).isInstanceOf(BrokenAnswerException.class);
    }
  }

  @Test
  void until_then_its_bytes_earn_time() throws Exception {
    try (AnswerStream stream = stream(Duration.ofMinutes(10))) {
      assertThat(stream.request(SIZE)).isTrue();
      upstream.sink().close();
      assertThat(stream.request(SIZE + 1)).isFalse();
    }
  }
}
