package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.testing.SettableClock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;

/** Signed addresses: kept while they are of use, in bounded memory. */
class DownloadLocationsTest {
  private static final CommitHash COMMIT = CommitHash.parse("a".repeat(40)).orElseThrow();

  private final SettableClock clock = new SettableClock();
  private final DownloadLocations locations = new DownloadLocations(clock);
  private final Endpoint hub =
      new Endpoint(
          HttpUrl.get("https://hub.example/"),
          true,
          true,
          new CircuitBreaker(clock),
          new SilenceMonitor(Duration.ofSeconds(5), System::nanoTime));

  private static DownloadLocations.Key key(int number, long size) {
    return new DownloadLocations.Key(
        new RepoId(RepoType.MODEL, "acme/x"),
        COMMIT,
        new FilePath("f" + number),
        new BlobId(Digest.ofEtag("\"" + "b".repeat(64) + "\"").orElseThrow(), size),
        Caller.ANONYMOUS.authority());
  }

  private void put(int number, String query) {
    locations.put(key(number, 1), hub, HttpUrl.get("https://cdn.example/f?" + query));
  }

  private boolean isKept(int number) {
    return locations.get(key(number, 1)).isPresent();
  }

  private static String amzDate(Instant at) {
    return DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC).format(at);
  }

  @Test
  void an_address_is_forgotten_with_its_signature() {
    Instant now = clock.instant();
    put(1, "Expires=" + now.plusSeconds(100).getEpochSecond());
    put(2, "X-Amz-Date=" + amzDate(now.minusSeconds(50)) + "&X-Amz-Expires=250");
    put(3, "nothing=said");
    put(4, "Expires=soon");
    put(5, "Expires=" + Long.MAX_VALUE);
    for (int number = 1; number <= 5; number++) {
      assertThat(isKept(number)).as("%d", number).isTrue();
    }

    clock.pass(Duration.ofSeconds(91));
    assertThat(isKept(1)).isFalse();
    assertThat(isKept(2)).isTrue();
    clock.pass(Duration.ofSeconds(100));
    assertThat(isKept(2)).isFalse();
    assertThat(isKept(3)).isTrue();
    clock.pass(Duration.ofSeconds(100));
    assertThat(isKept(3)).isFalse();
    assertThat(isKept(4)).isFalse();
    assertThat(isKept(5)).isFalse();
    assertThat(locations.size()).as("they take no memory").isZero();
  }

  @Test
  void files_with_long_paths_that_came_wrong_take_no_more_memory_than_others() {
    for (int number = 0; number < 1_000; number++) {
      DownloadLocations.Key key = key(number, 1);
      String path = number + "/" + ("x".repeat(240) + "/").repeat(8) + "x";
      locations.markSuspect(
          new DownloadLocations.Key(
              key.repo(), key.commit(), new FilePath(path), key.blob(), key.authority()),
          hub);
    }
    assertThat(locations.doubted()).isBetween(10L, 140L);
  }

  @Test
  void a_new_address_begins_a_new_time() {
    put(1, "Expires=" + clock.instant().plusSeconds(20).getEpochSecond());
    put(1, "Expires=" + clock.instant().plusSeconds(200).getEpochSecond());
    clock.pass(Duration.ofSeconds(100));
    assertThat(isKept(1)).isTrue();
  }

  /** Else it could be asked for over and over, because the clock here is ahead of the CDN's. */
  @Test
  void an_address_that_seems_to_have_expired_can_be_tried_and_is_not_kept() {
    HttpUrl url = HttpUrl.get("https://cdn.example/f?Expires=1000000000");
    assertThat(locations.put(key(1, 1), hub, url).url()).isEqualTo(url);
    assertThat(isKept(1)).isFalse();
    assertThat(locations.size()).isZero();
  }

  @Test
  void an_address_of_more_than_8_kib_is_not_kept() {
    put(1, "x=" + "y".repeat(8 * 1024));
    assertThat(isKept(1)).isFalse();
    put(2, "x=" + "y".repeat(8_000));
    assertThat(isKept(2)).isTrue();
  }

  @Test
  void all_of_them_take_no_more_than_8_mib() {
    for (int number = 0; number < 2_000; number++) {
      put(number, "signature=" + "y".repeat(4_000));
    }
    assertThat(locations.size()).isBetween(100L, 8L * 1024 * 1024 / (4 * 4_000));
  }

  /** An endpoint that names another content for a file must not lead the right one astray. */
  @Test
  void an_address_is_that_of_one_content() {
    locations.put(key(1, 1), hub, HttpUrl.get("https://cdn.example/f"));
    assertThat(locations.get(key(1, 2))).isEmpty();
    assertThat(isKept(1)).isTrue();
  }
}
