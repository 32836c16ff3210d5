package io.intrahub.store.fs.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.TokenHash;
import io.intrahub.access.local.TokenTable;
import io.intrahub.hub.RepoPattern;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.disk.JdkDisk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.startup.StoreMarker;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The file of local tokens: changed on the command line, watched by a running mirror. */
@Timeout(60)
class TokenFileTest {
  private static final Instant CREATED = Instant.parse("2026-06-01T10:00:00Z");
  private static final String HASH = TokenHash.of("x").hex();

  @TempDir Path folder;
  private Path file;
  private TokenFile tokens;

  @BeforeEach
  void makeStore() throws Exception {
    StoreMarker.create(new JdkDisk(folder), new StoreLayout(folder), new Random(1));
    file = folder.resolve("access/tokens.json");
    tokens = TokenFile.of(folder);
  }

  private static LocalToken token(String name) {
    return token(name, Optional.empty());
  }

  private static LocalToken token(String name, Optional<Instant> expires, String... repos) {
    return new LocalToken(
        name,
        TokenHash.of(name),
        CREATED,
        expires,
        List.of(repos).stream().map(text -> RepoPattern.parse(text).orElseThrow()).toList());
  }

  private void write(String json) throws IOException {
    Files.createDirectories(folder.resolve("access"));
    // In one step, as every writer of this file does.
    Path next = Files.writeString(folder.resolve("next"), json);
    Files.move(next, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void what_was_written_is_read() throws Exception {
    LocalToken ci = token("ci", Optional.of(CREATED.plusSeconds(9)), "acme/*", "datasets/x/*");
    tokens.change(table -> table.with(ci));
    tokens.change(table -> table.with(token("night")));

    TokenTable read = TokenFile.of(folder).read();
    assertThat(read.tokens()).containsExactly(ci, token("night"));
    assertThat(Files.readString(file))
        .startsWith("{\"format\":1,\"tokens\":[{\"name\":\"ci\",\"sha256\":\"")
        .contains("\"expires\":\"2026-06-01T10:00:09Z\",\"repos\":[\"acme/*\",\"datasets/x/*\"]");
  }

  @Test
  void only_the_owner_may_read_the_file() throws Exception {
    tokens.change(table -> table.with(token("ci")));

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(Files.getOwner(file)).isEqualTo(Files.getOwner(folder.resolve("access")));
  }

  @Test
  void a_change_that_fails_changes_nothing() throws Exception {
    tokens.change(table -> table.with(token("ci")));
    String before = Files.readString(file);

    assertThatThrownBy(() ->
            tokens.change(_ -> {
              throw new IOException("no");
            }))
        .isInstanceOf(StoreException.class);
    assertThat(file).content().isEqualTo(before);
  }

  @Test
  void changes_at_the_same_time_are_all_kept() throws Exception {
    int count = 40;
    List<Future<?>> done = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < count; i++) {
        LocalToken one = token("t" + i);
        done.add(
            threads.submit(() -> {
              tokens.change(table -> table.with(one));
              return null;
            }));
      }
    }
    for (Future<?> change : done) {
      change.get();
    }
    assertThat(tokens.read().tokens())
        .extracting(LocalToken::name)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, count).mapToObj(i -> "t" + i).toList());
  }

  @Test
  void what_a_killed_process_left_is_in_nobodys_way() throws Exception {
    tokens.change(table -> table.with(token("ci")));
    Files.writeString(folder.resolve("access/tokens.json.new"), "half a fi");

    tokens.change(table -> table.with(token("night")));

    assertThat(tokens.read().tokens()).hasSize(2);
  }

  @Test
  void a_folder_that_is_no_store_is_refused(@TempDir Path other) throws Exception {
    assertThatThrownBy(() -> TokenFile.of(other))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("is not a store yet")
        .hasMessageContaining("--data");
    assertThatThrownBy(() -> TokenFile.of(other.resolve("missing")))
        .isInstanceOf(StoreException.class);
    Files.writeString(other.resolve("letter.txt"), "hello");
    assertThatThrownBy(() -> TokenFile.of(other))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("letter.txt");
    assertThat(other).isDirectoryNotContaining("glob:**access");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{}",
        "{\"format\":1}",
        "{\"tokens\":[]}",
        "{\"format\":2,\"tokens\":[]}",
        "{\"format\":\"1\",\"tokens\":[]}",
        "{\"format\":1,\"tokens\":{}}",
        "{\"format\":1,\"tokens\":[]}x",
        "{\"format\":1,\"tokens\":[],\"more\":1}",
        "{\"format\":1,\"tokens\":[],\"tokens\":[]}",
        "{\"format\":1,\"tokens\":[{}]}",
        "{\"format\":1,\"tokens\":[{\"name\":\"a\",\"sha256\":\"12\",\"created\":\"2026-06-01T10:00:00Z\"}]}",
        "{\"format\":1,\"tokens\":[{\"name\":\"\",\"sha256\":\"HASH\",\"created\":\"2026-06-01T10:00:00Z\"}]}",
        "{\"format\":1,\"tokens\":[{\"name\":\"a\",\"sha256\":\"HASH\",\"created\":\"today\"}]}",
        "{\"format\":1,\"tokens\":[{\"name\":\"a\",\"sha256\":\"HASH\",\"created\":\"2026-06-01T10:00:00Z\",\"repos\":[]}]}",
        "{\"format\":1,\"tokens\":[{\"name\":\"a\",\"sha256\":\"HASH\",\"created\":\"2026-06-01T10:00:00Z\",\"repos\":[\"?\"]}]}",
        "{\"format\":1,\"tokens\":[{\"name\":\"a\",\"sha256\":\"HASH\",\"created\":\"2026-06-01T10:00:00Z\",\"clients\":[]}]}",
      })
  void a_damaged_file_gives_nobody_anything_and_is_never_replaced(String json) throws Exception {
    write(json.replace("HASH", HASH));
    WatchedTokens watched = WatchedTokens.in(folder, new SettableClock());

    assertThat(watched.identify(TokenHash.of("x"))).isEqualTo(new LocalCredential.Unavailable());
    StoreException e =
        catchThrowableOfType(
            StoreException.class, () -> tokens.change(table -> table.with(token("ci"))));
    assertThat(e).hasMessageContaining("tokens.json").hasMessageContaining("damaged");
    assertThat(file).content().isEqualTo(json.replace("HASH", HASH));
  }

  @Test
  void a_running_mirror_notices_new_and_revoked_tokens_within_a_second() throws Exception {
    SettableClock clock = new SettableClock();
    WatchedTokens watched = WatchedTokens.in(folder, clock);
    TokenHash hash = TokenHash.of("ci");
    assertThat(watched.identify(hash)).isEqualTo(new LocalCredential.Unknown());

    tokens.change(table -> table.with(token("ci")));
    clock.pass(Duration.ofSeconds(1));
    assertThat(watched.identify(hash)).isEqualTo(new LocalCredential.Valid(token("ci")));

    tokens.change(table -> table.without("ci"));
    // Not looked at again so soon.
    clock.pass(Duration.ofMillis(999));
    assertThat(watched.identify(hash)).isInstanceOf(LocalCredential.Valid.class);
    clock.pass(Duration.ofMillis(1));
    assertThat(watched.identify(hash)).isEqualTo(new LocalCredential.Unknown());
  }

  @Test
  void a_token_expires_in_a_running_mirror_without_a_change_of_the_file() throws Exception {
    SettableClock clock = new SettableClock();
    Instant end = clock.instant().plus(Duration.ofDays(90));
    tokens.change(table -> table.with(token("ci", Optional.of(end))));
    WatchedTokens watched = WatchedTokens.in(folder, clock);

    clock.pass(Duration.ofDays(90).minusMillis(1));
    assertThat(watched.identify(TokenHash.of("ci"))).isInstanceOf(LocalCredential.Valid.class);
    clock.pass(Duration.ofMillis(1));
    assertThat(watched.identify(TokenHash.of("ci")))
        .isEqualTo(new LocalCredential.Expired("ci", end));
  }

  @Test
  void a_damaged_file_closes_a_running_mirror_until_it_is_mended() throws Exception {
    SettableClock clock = new SettableClock();
    tokens.change(table -> table.with(token("ci")));
    String good = Files.readString(file);
    WatchedTokens watched = WatchedTokens.in(folder, clock);

    write(good.substring(0, good.length() - 3));
    clock.pass(Duration.ofSeconds(1));
    assertThat(watched.identify(TokenHash.of("ci"))).isEqualTo(new LocalCredential.Unavailable());
    write(good);
    clock.pass(Duration.ofSeconds(1));
    assertThat(watched.identify(TokenHash.of("ci"))).isInstanceOf(LocalCredential.Valid.class);
    Files.delete(file);
    clock.pass(Duration.ofSeconds(1));
    assertThat(watched.identify(TokenHash.of("ci"))).isEqualTo(new LocalCredential.Unknown());
  }

  @Test
  void a_file_that_can_not_be_read_is_tried_again() throws Exception {
    SettableClock clock = new SettableClock();
    tokens.change(table -> table.with(token("ci")));
    Path aside = Files.move(file, folder.resolve("aside"));
    Files.createDirectory(file);
    WatchedTokens watched = WatchedTokens.in(folder, clock);
    assertThat(watched.identify(TokenHash.of("ci"))).isEqualTo(new LocalCredential.Unavailable());

    Files.delete(file);
    clock.pass(Duration.ofSeconds(1));
    assertThat(watched.identify(TokenHash.of("ci"))).isEqualTo(new LocalCredential.Unknown());
    Files.move(aside, file);
    clock.pass(Duration.ofSeconds(1));
    assertThat(watched.identify(TokenHash.of("ci"))).isInstanceOf(LocalCredential.Valid.class);
  }

  @Test
  void a_clock_that_is_set_back_does_not_stop_the_watch() throws Exception {
    SettableClock clock = new SettableClock();
    WatchedTokens watched = WatchedTokens.in(folder, clock);
    tokens.change(table -> table.with(token("ci")));

    clock.setBack(Duration.ofHours(1));

    assertThat(watched.identify(TokenHash.of("ci"))).isInstanceOf(LocalCredential.Valid.class);
  }
}
