package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.SeedBlobs;
import io.intrahub.store.TestBlobs;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SeededSourceTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final byte[] CONTENT = TestBlobs.bytes(1, 5_000);
  private static final BlobId BLOB = TestBlobs.sha256(CONTENT);
  private static final ByteRange.Span WHOLE = new ByteRange.Span(0, CONTENT.length);

  /** A file whose digest takes a minute to compute. */
  private static final class SlowSeed implements SeedBlobs {
    @Override
    public Optional<Seed> open(RepoId repo, BlobId blob, Duration atMost) {
      return atMost.compareTo(Duration.ofMinutes(1)) < 0
          ? Optional.empty()
          : Optional.of(new OpenSeed());
    }

    @Override
    public boolean mayOffer(RepoId repo, BlobId blob) {
      return true;
    }

    @Override
    public void reject(RepoId repo, BlobId blob) {}
  }

  private static final class OpenSeed implements SeedBlobs.Seed {
    @Override
    public int read(ByteBuffer into, long position) {
      int count = Math.min(into.remaining(), CONTENT.length - (int) position);
      into.put(CONTENT, (int) position, count);
      return count;
    }

    @Override
    public void close() {}
  }

  private static UpstreamResult<BlobSource.Opened> open(
      UpstreamResult<BlobSource.Opened> fromUpstream) {
    return new SeededSource(new SlowSeed(), REPO, BLOB, _ -> fromUpstream).open(WHOLE);
  }

  private static UpstreamResult<BlobSource.Opened> failure(UpstreamFailure.Kind kind) {
    return new UpstreamResult.Failed<>(new UpstreamFailure(kind, "as the test wants"));
  }

  @Test
  void without_an_upstream_a_seed_is_waited_for_however_long_it_is_verified() throws Exception {
    for (UpstreamFailure.Kind kind :
        new UpstreamFailure.Kind[] {
          UpstreamFailure.Kind.OFFLINE, UpstreamFailure.Kind.UNREACHABLE
        }) {
      var opened = (UpstreamResult.Value<BlobSource.Opened>) open(failure(kind));
      ByteBuffer read = ByteBuffer.allocate(CONTENT.length);
      try (BlobSource.Stream stream = opened.value().stream()) {
        assertThat(stream.read(read)).isEqualTo(CONTENT.length);
      }
      assertThat(read.array()).isEqualTo(CONTENT);
    }
  }

  @Test
  void what_upstream_says_counts_as_long_as_it_answers() {
    var refused = failure(UpstreamFailure.Kind.WRONG_CONTENT);
    assertThat(open(refused)).isSameAs(refused);
  }
}
