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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SeededSourceTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final byte[] CONTENT = TestBlobs.bytes(1, 5_000);
  private static final BlobId BLOB = TestBlobs.sha256(CONTENT);
  private static final ByteRange.Span WHOLE = new ByteRange.Span(0, CONTENT.length);

  private static final Path FILE = Path.of("/seed/file");

  /** A file whose digest is computed while it is asked for some times. */
  private static final class SlowSeed implements SeedBlobs {
    private final int asks;
    private int asked;
    private final List<Path> rejected = new ArrayList<>();

    SlowSeed(int asks) {
      this.asks = asks;
    }

    @Override
    public Optional<Seed> open(RepoId repo, BlobId blob, Duration atMost) {
      assertThat(atMost).as("who opens may hold a permit").isEqualTo(Duration.ZERO);
      return asked <= asks ? Optional.empty() : Optional.of(new OpenSeed());
    }

    @Override
    public boolean await(RepoId repo, BlobId blob, Duration atMost) {
      asked++;
      return asked > asks;
    }

    @Override
    public boolean mayOffer(RepoId repo, BlobId blob) {
      return true;
    }

    @Override
    public boolean isVerifying(RepoId repo, BlobId blob) {
      return asked <= asks;
    }

    @Override
    public void reject(Path file) {
      rejected.add(file);
    }
  }

  private static final class OpenSeed implements SeedBlobs.Seed {
    @Override
    public Path file() {
      return FILE;
    }

    @Override
    public void await(long position) {}

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
    return open(new SeededSource(new SlowSeed(100), REPO, BLOB, _ -> fromUpstream));
  }

  /** As its users do. */
  private static UpstreamResult<BlobSource.Opened> open(BlobSource source) {
    while (true) {
      source.awaitLocal();
      UpstreamResult<BlobSource.Opened> opening = source.open(WHOLE);
      if (opening.asFailure().filter(source::mayOpenLater).isEmpty()) {
        return opening;
      }
    }
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

  @Test
  void upstream_is_asked_again_while_a_seed_is_waited_for() {
    UpstreamResult<BlobSource.Opened> back = failure(UpstreamFailure.Kind.WRONG_CONTENT);
    AtomicInteger asked = new AtomicInteger();
    BlobSource upstream =
        _ -> asked.incrementAndGet() < 3 ? failure(UpstreamFailure.Kind.UNREACHABLE) : back;
    SlowSeed seed = new SlowSeed(100);
    assertThat(open(new SeededSource(seed, REPO, BLOB, upstream))).isSameAs(back);
    assertThat(asked.get()).isEqualTo(3);
  }

  @Test
  void wrong_content_is_held_against_those_who_sent_it() {
    SlowSeed slow = new SlowSeed(100);
    new SeededSource(slow, REPO, BLOB, _ -> failure(UpstreamFailure.Kind.WRONG_CONTENT))
        .reportWrongContent();
    assertThat(slow.rejected).isEmpty();

    SlowSeed used = new SlowSeed(0);
    SeededSource source =
        new SeededSource(used, REPO, BLOB, _ -> failure(UpstreamFailure.Kind.UNREACHABLE));
    assertThat(open(source)).isInstanceOf(UpstreamResult.Value.class);
    source.reportWrongContent();
    assertThat(used.rejected).containsExactly(FILE);
  }
}
