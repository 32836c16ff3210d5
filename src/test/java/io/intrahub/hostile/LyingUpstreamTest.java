package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.testing.LiveFolder;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An upstream, a CDN or somebody in between that says what is not so. Whatever comes: no wrong byte
 * completes or is kept, and nothing is told to be missing or forbidden that the Hub did not say.
 */
class LyingUpstreamTest {
  private static final String HTML = "<!DOCTYPE html><title>Blocked</title><p>Ask your admin";
  private static final String SMALL = "/acme/open/resolve/main/small.txt";
  private static final String LFS = "/acme/open/resolve/main/small.bin";
  private static final String BIG = "/acme/open/resolve/main/big.bin";
  private static final String CLOSED = "/acme/closed/resolve/main/big.bin";
  private static final String INFO = "/api/models/acme/open";
  private static final String TREE = "/api/models/acme/open/tree/main";
  private static final DevFile BIG_FILE = DevFile.lfsGenerated(7, 3 << 20);
  private static final DevFile LFS_FILE = DevFile.lfsGenerated(8, 50_000);

  @TempDir Path data;
  private Rig rig;

  /** One lie and the request that it hits. */
  private record Lie(String what, String target, Consumer<DevHub> tell) {
    @Override
    public String toString() {
      return what + " for " + target;
    }
  }

  private static Lie lie(String what, String target, Consumer<DevHub> tell) {
    return new Lie(what, target, tell);
  }

  private static Map<String, String> html() {
    return Map.of("Content-Type", "text/html");
  }

  static Stream<Lie> lies() {
    return Stream.of(
        lie("a login page at the first hop", SMALL, h -> h.faults().on(Route.RESOLVE).loginPage()),
        lie("a login page as content", SMALL, h -> h.faults().on(Route.RESOLVE_CACHE).loginPage()),
        lie("a login page at the CDN", LFS, h -> h.faults().on(Route.CDN).loginPage()),
        lie("a login page at the CDN", BIG, h -> h.faults().on(Route.CDN).loginPage()),
        lie("a login page", INFO, h -> h.faults().on(Route.REPO_INFO).loginPage()),
        lie("a login page", TREE, h -> h.faults().on(Route.TREE).loginPage()),
        lie("no JSON", INFO, h -> h.faults().on(Route.REPO_INFO).garbageJson()),
        lie("no JSON", TREE, h -> h.faults().on(Route.TREE).garbageJson()),
        lie("a proxy's 403", SMALL, h -> h.faults().on(Route.RESOLVE).status(403, html(), HTML)),
        lie("a proxy's 404", SMALL, h -> h.faults().on(Route.RESOLVE).status(404, html(), HTML)),
        lie("a proxy's 404", INFO, h -> h.faults().on(Route.REPO_INFO).status(404, html(), HTML)),
        lie("a proxy's 401", INFO, h -> h.faults().on(Route.REPO_INFO).status(401, html(), HTML)),
        lie("a proxy's 407", TREE, h -> h.faults().on(Route.TREE).status(407, html(), HTML)),
        lie("a CDN's 403", LFS, h -> h.faults().on(Route.CDN).status(403, html(), HTML)),
        lie("a CDN's 404", BIG, h -> h.faults().on(Route.CDN).status(404, html(), HTML)),
        lie("a CDN's 304", LFS, h -> h.faults().on(Route.CDN).status(304, Map.of(), "")),
        lie("no commit", SMALL, h -> h.faults().on(Route.RESOLVE).withoutHeader("X-Repo-Commit")),
        lie("no digest", LFS, h -> h.faults().on(Route.RESOLVE).withoutHeader("X-Linked-ETag")),
        lie("no size", LFS, h -> h.faults().on(Route.RESOLVE).withoutHeader("X-Linked-Size")),
        lie("gzip", LFS, h -> h.faults().on(Route.CDN).gzip()),
        lie("gzip", SMALL, h -> h.faults().on(Route.RESOLVE_CACHE).gzip()),
        lie("too short", LFS, h -> h.faults().on(Route.CDN).wrongLength(5)),
        lie("too long", LFS, h -> h.faults().on(Route.CDN).extraBytes(5)),
        lie("cut off", LFS, h -> h.faults().on(Route.CDN).truncate(5)),
        lie("cut off", BIG, h -> h.faults().on(Route.CDN).truncate(5)),
        lie("a wrong byte", SMALL, h -> h.faults().on(Route.RESOLVE_CACHE).wrongByteAt(1)),
        lie("a wrong byte", LFS, h -> h.faults().on(Route.CDN).wrongByteAt(1)),
        lie("a wrong first byte", BIG, h -> h.faults().on(Route.CDN).wrongByteAt(0)),
        lie("a wrong last byte", BIG, h -> h.faults().on(Route.CDN).wrongByteAt((3 << 20) - 1)),
        lie("another digest", LFS, h -> h.faults().on(Route.RESOLVE).changedEtag("ab".repeat(32))),
        lie(
            "a redirect to the cloud's secrets",
            LFS,
            h ->
                h.faults()
                    .on(Route.CDN)
                    .status(302, Map.of("Location", "http://169.254.169.254/"), "")),
        lie(
            "a redirect in circles",
            SMALL,
            h -> h.faults().on(Route.RESOLVE).status(307, Map.of("Location", SMALL), "")),
        lie(
            "a redirect to nowhere",
            INFO,
            h ->
                h.faults()
                    .on(Route.REPO_INFO)
                    .status(302, Map.of("Location", "http://localhost:1/"), "")));
  }

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub
        .repo("model", "acme/open")
        .commit(
            "Add it",
            Map.of(
                "small.txt", DevFile.text("small\n"), "small.bin", LFS_FILE, "big.bin", BIG_FILE));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  /** A whole answer, or none when the connection broke in the middle of it. */
  private Optional<Rig.Answer> tryToGet(String target) {
    try {
      return Optional.of(rig.get(target, Optional.empty()));
    } catch (AssertionError e) {
      if (e.getCause() instanceof HttpTimeoutException) {
        throw e;
      }
      return Optional.empty();
    }
  }

  private boolean isRight(String target, byte[] body) {
    return switch (target) {
      case SMALL -> new String(body, StandardCharsets.UTF_8).equals("small\n");
      case LFS -> Arrays.equals(body, LFS_FILE.allBytes());
      case BIG -> Arrays.equals(body, BIG_FILE.allBytes());
      default -> new String(body, StandardCharsets.UTF_8).contains("small.txt");
    };
  }

  /** Makes a file that only another endpoint has, which therefore passes through. */
  private DevHub passedThrough() throws Exception {
    DevHub fallback = DevHub.builder().start();
    rig.close();
    rig = Rig.withFallback(data, fallback);
    rig.hub.goDark();
    fallback.repo("model", "acme/closed").commit("Add it", Map.of("big.bin", BIG_FILE));
    return fallback;
  }

  /**
   * What is not kept comes wrong, is broken off before its end, and its client goes on from the
   * byte where it was, as curl and the Hub's own client do by themselves.
   */
  @Test
  void who_has_wrong_bytes_of_what_passes_through_has_to_start_over() throws Exception {
    try (DevHub fallback = passedThrough()) {
      Rig.Call rest = new Rig.Call("GET", CLOSED, "bytes=2000000-", "");
      Rig.Answer before = rig.send(rig.app().uri(), rest, Optional.empty());
      assertThat(before.status()).isEqualTo(206);
      assertThat(before.header("cache-status").orElse("")).doesNotContain("unverified");
      fallback.faults().on(Route.CDN).times(1).wrongByteAt(5);
      assertThatThrownBy(() -> rig.get(CLOSED, Optional.empty()))
          .hasMessageContaining("no whole answer");

      Rig.Answer after = rig.send(rig.app().uri(), rest, Optional.empty());

      assertThat(after.status()).isEqualTo(200);
      assertThat(after.body()).isEqualTo(BIG_FILE.allBytes());
    }
  }

  /** In chunks, an answer is not at its end with its last byte, nor is its connection free. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void what_came_wrong_and_is_not_kept_comes_over_another_connection_then(boolean inChunks)
      throws Exception {
    try (DevHub fallback = passedThrough()) {
      if (inChunks) {
        fallback.faults().on(Route.CDN).noLength();
      }
      fallback.faults().on(Route.CDN).times(1).wrongByteAt(5);
      assertThatThrownBy(() -> rig.get(CLOSED, Optional.empty()))
          .hasMessageContaining("no whole answer");

      assertThat(rig.get(CLOSED, Optional.empty()).body()).isEqualTo(BIG_FILE.allBytes());

      List<Integer> connections =
          fallback.log().stream()
              .filter(r -> r.route() == Route.CDN)
              .map(Recorded::clientPort)
              .toList();
      assertThat(connections).hasSize(2).doesNotHaveDuplicates();
    }
  }

  @Tag("slow")
  @ParameterizedTest
  @MethodSource("lies")
  void a_lie_is_neither_passed_on_nor_kept(Lie lie) throws Exception {
    lie.tell().accept(rig.hub);
    for (int time = 0; time < 2; time++) {
      Optional<Rig.Answer> answer = tryToGet(lie.target());
      if (answer.isEmpty()) {
        // Visibly broken: the client tries again.
        continue;
      }
      Rig.Answer got = answer.get();
      if (got.status() == 200) {
        assertThat(isRight(lie.target(), got.body())).as("200 with a wrong body").isTrue();
      } else {
        assertThat(got.status()).as(got.text()).isIn(502, 503, 504);
        assertThat(got.header("x-error-message")).isPresent();
        assertThat(got.header("x-error-code")).isEmpty();
        assertThat(got.text()).doesNotContain("<").doesNotContain("Exception");
      }
    }
    everythingOnDiskIsWhatItsNameSays();
    rig.hub.faults().clear();
    rig.clock.pass(Duration.ofMinutes(3));
    Rig.Answer after = rig.get(lie.target(), Optional.empty());
    assertThat(after.status()).as("afterwards: " + after.text()).isEqualTo(200);
    assertThat(isRight(lie.target(), after.body())).as("the right body afterwards").isTrue();
  }

  private void everythingOnDiskIsWhatItsNameSays() throws Exception {
    List<Path> blobs =
        LiveFolder.walk(data).stream()
            .filter(Files::isRegularFile)
            .filter(p -> p.getFileName().toString().matches("[0-9a-f]{40}|[0-9a-f]{64}"))
            .filter(p -> !p.toString().contains("quarantine"))
            .toList();
    for (Path blob : blobs) {
      byte[] bytes;
      try {
        bytes = Files.readAllBytes(blob);
      } catch (NoSuchFileException e) {
        // The mirror is still at work, and took it away meanwhile.
        continue;
      }
      String name = blob.getFileName().toString();
      boolean git = name.length() == 40;
      MessageDigest hash = MessageDigest.getInstance(git ? "SHA-1" : "SHA-256");
      if (git) {
        hash.update(("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII));
      }
      assertThat(HexFormat.of().formatHex(hash.digest(bytes))).isEqualTo(name);
    }
  }
}
