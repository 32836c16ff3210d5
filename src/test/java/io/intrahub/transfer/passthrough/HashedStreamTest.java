package io.intrahub.transfer.passthrough;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a client and the log hear when a content that passes through can't be completed. */
class HashedStreamTest {
  private static final byte[] CONTENT = new byte[300_000];
  private static final BlobId BLOB = TestBlobs.sha256(CONTENT);

  private final ScriptedSource source = new ScriptedSource(CONTENT);

  @Test
  void a_refusal_of_the_rest_is_named() throws Exception {
    source.on(1, new ScriptedSource.BreakAt(100_000)).on(2, new ScriptedSource.Refuses());
    try (HashedStream stream = opened()) {
      assertThatThrownBy(() -> readAll(stream))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("upstream refused the rest with 401");
    }
  }

  @Test
  void a_failure_to_connect_again_is_named() throws Exception {
    source.on(1, new ScriptedSource.BreakAt(100_000)).on(2, new ScriptedSource.Fails());
    try (HashedStream stream = opened()) {
      assertThatThrownBy(() -> readAll(stream))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("it is scripted");
    }
  }

  /** While upstream is down, a file that is verified for a while may be all there is. */
  @Test
  void the_rest_may_come_from_what_is_waited_for() throws Exception {
    source
        .on(1, new ScriptedSource.BreakAt(100_000))
        .on(2, new ScriptedSource.Fails())
        .on(3, new ScriptedSource.Fails());
    AtomicInteger waits = new AtomicInteger();
    BlobSource verified =
        new BlobSource() {
          @Override
          public void awaitLocal() {
            waits.incrementAndGet();
          }

          @Override
          public boolean mayOpenLater(UpstreamFailure failure) {
            return true;
          }

          @Override
          public UpstreamResult<Opened> open(ByteRange.Span span) {
            return source.open(span);
          }
        };
    try (HashedStream stream = opened(verified)) {
      readAll(stream);
    }
    assertThat(waits).as("one before each attempt").hasValue(3);
  }

  private HashedStream opened() {
    return opened(source);
  }

  private static HashedStream opened(BlobSource source) {
    ByteRange.Span whole = new ByteRange.Span(0, CONTENT.length);
    if (source.open(whole) instanceof UpstreamResult.Value(var opened)) {
      return new HashedStream(source, opened.stream(), BLOB, whole);
    }
    throw new AssertionError("not opened");
  }

  private static void readAll(HashedStream stream) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(50_000);
    while (stream.read(buffer.clear()) >= 0) {}
  }
}
