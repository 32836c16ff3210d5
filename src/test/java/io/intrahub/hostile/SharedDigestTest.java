package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Content with one SHA-256 digest in several repos: nobody gains or loses by another's claim. */
class SharedDigestTest {
  private static final String ALICE = "hf_digestAlice";
  private static final String BOB = "hf_digestBob";
  private static final int SIZE = 3 << 20;
  private static final DevFile SHARED = DevFile.lfsGenerated(7, SIZE);

  /** What a repo has that names the digest, but not the content. */
  private static final DevFile CLAIMED = DevFile.lfsGenerated(8, SIZE, SHARED.sha256());

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() {
    rig = new Rig(data);
    rig.hub.token(ALICE, "alice");
    rig.hub.token(BOB, "bob");
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private void make(String id, DevFile file, Visibility visibility, String... allowed) {
    DevRepo repo = rig.hub.repo("model", id).visibility(visibility).allow(allowed);
    // Other text in each, or the commits would be the same.
    repo.commit(
        "Add it", Map.of("big.bin", file, "config.json", DevFile.text("{\"id\":\"" + id + "\"}")));
  }

  private Rig.Answer load(String id, Optional<String> token) {
    return rig.get("/" + id + "/resolve/main/big.bin", token);
  }

  private void assertGets(String id, Optional<String> token) {
    Rig.Answer answer = load(id, token);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(SHARED.allBytes());
  }

  private long fetched() {
    rig.settle();
    // The Hub counts its bytes a moment after the mirror has them.
    await().until(() -> rig.hub.log().stream().allMatch(Recorded::done));
    return rig.hub.counters().bytes(Route.CDN);
  }

  @Test
  void a_public_copy_opens_no_private_one_and_costs_no_second_download() {
    make("alice/secret", SHARED, Visibility.PRIVATE, ALICE);
    make("acme/open", SHARED, Visibility.PUBLIC);
    assertGets("alice/secret", Optional.of(ALICE));
    assertThat(load("alice/secret", Optional.empty()).status()).isEqualTo(401);
    assertThat(load("alice/secret", Optional.of(BOB)).status()).isEqualTo(404);
    assertGets("acme/open", Optional.of(BOB));
    assertGets("acme/open", Optional.empty());
    assertThat(load("alice/secret", Optional.empty()).status()).isEqualTo(401);
    assertThat(load("alice/secret", Optional.of(BOB)).status()).isEqualTo(404);
  }

  @Test
  void two_owners_of_one_content_read_each_their_own_repo_only() {
    make("alice/secret", SHARED, Visibility.PRIVATE, ALICE);
    make("bob/secret", SHARED, Visibility.PRIVATE, BOB);
    assertGets("alice/secret", Optional.of(ALICE));
    assertThat(load("bob/secret", Optional.of(ALICE)).status()).isEqualTo(404);
    assertGets("bob/secret", Optional.of(BOB));
    assertThat(load("alice/secret", Optional.of(BOB)).status()).isEqualTo(404);
    rig.hub.repo("model", "alice/secret").disallow(ALICE);
    rig.clock.pass(Duration.ofMinutes(16));
    assertThat(load("alice/secret", Optional.of(ALICE)).status()).isEqualTo(404);
    assertGets("bob/secret", Optional.of(BOB));
  }

  /** The Hub names the digest of a private file for a repo that never had its content. */
  @Test
  void a_claim_to_the_digest_of_a_private_file_gets_none_of_its_bytes() {
    make("alice/secret", SHARED, Visibility.PRIVATE, ALICE);
    make("evil/claim", CLAIMED, Visibility.PUBLIC);
    assertGets("alice/secret", Optional.of(ALICE));
    assertThat(fetched()).isEqualTo(SIZE);
    assertGetsNothing();
    assertGets("alice/secret", Optional.of(ALICE));
    rig.restart();
    assertGetsNothing();
  }

  @Test
  void a_claim_during_the_download_of_a_private_file_gets_none_of_its_bytes() {
    make("alice/secret", SHARED, Visibility.PRIVATE, ALICE);
    make("evil/claim", CLAIMED, Visibility.PUBLIC);
    Rig.Answer part =
        rig.send(
            rig.app().uri(),
            new Rig.Call("GET", "/alice/secret/resolve/main/big.bin", "bytes=0-999999", ""),
            Optional.of(ALICE));
    assertThat(part.status()).isEqualTo(206);
    assertGetsNothing();
    assertGets("alice/secret", Optional.of(ALICE));
  }

  private void assertGetsNothing() {
    byte[] secret = Arrays.copyOfRange(SHARED.allBytes(), 1_000, 1_100);
    String text = new String(secret, StandardCharsets.ISO_8859_1);
    for (String range : new String[] {"bytes=1000-1099", "bytes=500-2000", ""}) {
      for (Optional<String> token : List.of(Optional.<String>empty(), Optional.of(BOB))) {
        Rig.Call call = new Rig.Call("GET", "/evil/claim/resolve/main/big.bin", range, "");
        try {
          byte[] got = rig.send(rig.app().uri(), call, token).body();
          assertThat(new String(got, StandardCharsets.ISO_8859_1).contains(text))
              .as("range '%s'", range)
              .isFalse();
        } catch (AssertionError broken) {
          assertThat(broken).hasMessageContaining("no whole answer");
        }
      }
    }
  }

  @Test
  void a_claim_first_does_not_cost_the_owner_a_byte_or_an_error() {
    make("alice/secret", SHARED, Visibility.PRIVATE, ALICE);
    make("evil/claim", CLAIMED, Visibility.PUBLIC);
    assertGetsNothing();
    long before = fetched();
    assertGets("alice/secret", Optional.of(ALICE));
    assertThat(fetched() - before).isEqualTo(SIZE);
    assertGets("alice/secret", Optional.of(ALICE));
    assertThat(fetched() - before).isEqualTo(SIZE);
  }
}
