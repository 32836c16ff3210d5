package io.intrahub.mirror;

import static io.intrahub.mirror.MirrorRig.MAIN;
import static io.intrahub.mirror.MirrorRig.REPO;
import static io.intrahub.mirror.MirrorRig.SELF;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Caller;
import io.intrahub.base.PercentCoding;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.LinkHeader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Listings from the manifest: whole, in pages, and of some paths. */
class TreeQueriesTest {
  private static final List<String> PATHS =
      List.of("a.txt", "dir", "dir/b.txt", "dir/sub", "dir/sub/c.txt", "dir.txt", "z é.bin");

  private final DevHub hub = DevHub.builder().start();
  private final MirrorRig rig = new MirrorRig(hub);

  @BeforeEach
  void fill() {
    Map<String, DevFile> files = new LinkedHashMap<>();
    for (String path : PATHS) {
      if (path.contains(".")) {
        files.put(path, path.endsWith(".bin") ? DevFile.lfsGenerated(1, 10) : DevFile.text(path));
      }
    }
    hub.repo("model", "acme/x").commit("first", files);
    hub.treePageSize(2);
  }

  @AfterEach
  void stop() {
    rig.settle();
    rig.close();
    hub.close();
  }

  private static TreeQuery query(boolean recursive, int limit, Optional<FilePath> after) {
    return new TreeQuery(
        recursive, false, limit == 0 ? OptionalInt.empty() : OptionalInt.of(limit), after, "");
  }

  private static ApiReply.Ok ok(ApiReply reply) {
    assertThat(reply).isInstanceOf(ApiReply.Ok.class);
    return (ApiReply.Ok) reply;
  }

  private static String text(ApiReply.Ok reply) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ReplyBody body = reply.body()) {
      body.writeTo(bytes);
    } catch (IOException e) {
      throw new AssertionError("the body can't be written", e);
    }
    return bytes.toString(UTF_8);
  }

  private static List<String> paths(ApiReply reply) {
    List<String> paths = new ArrayList<>();
    Matcher m = Pattern.compile("\"path\":\"([^\"]*)\"").matcher(text(ok(reply)));
    while (m.find()) {
      paths.add(m.group(1));
    }
    return paths;
  }

  private ApiReply folder(String path, TreeQuery query) {
    return rig.tree(Optional.of(new FilePath(path)), query);
  }

  @Test
  void everything_comes_in_one_answer_though_upstream_pages() {
    ApiReply reply = rig.tree(query(true, 0, Optional.empty()));
    assertThat(paths(reply)).containsExactlyInAnyOrderElementsOf(PATHS);
    assertThat(ok(reply).headers()).isEmpty();
    assertThat(text(ok(reply)))
        .startsWith("[{\"type\":")
        .contains("\"type\":\"file\"", "\"type\":\"directory\"", "\"lfs\":{\"oid\":\"")
        .doesNotContain("xetHash", "\\/", ": ");
    rig.settle();
    long calls = hub.counters().requests();
    assertThat(hub.counters().requests(Route.TREE)).isEqualTo(4);
    assertThat(paths(rig.tree(query(false, 0, Optional.empty()))))
        .containsExactly("a.txt", "dir", "dir.txt", "z é.bin");
    assertThat(hub.counters().requests()).isEqualTo(calls);
  }

  @Test
  void a_folder_is_listed_alone_or_with_all_below() {
    assertThat(paths(folder("dir", query(false, 0, Optional.empty()))))
        .containsExactly("dir/b.txt", "dir/sub");
    assertThat(paths(folder("dir", query(true, 0, Optional.empty()))))
        .containsExactly("dir/b.txt", "dir/sub", "dir/sub/c.txt");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nope", "a.txt", "di", "dir/b.txt/x"})
  void what_is_no_folder_is_not_found(String path) {
    ApiReply reply = folder(path, query(true, 0, Optional.empty()));
    assertThat(reply).isInstanceOf(ErrorReply.class);
    ErrorReply refused = (ErrorReply) reply;
    assertThat(refused.error().code()).contains("EntryNotFound");
    assertThat(refused.error().message()).isEqualTo(path + " does not exist on \"main\"");
    assertThat(refused.commit()).isPresent();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 6, 7, 8})
  void pages_together_are_the_whole(int limit) {
    List<String> all = new ArrayList<>();
    Optional<FilePath> after = Optional.empty();
    for (int page = 0; page < 20; page++) {
      ApiReply.Ok reply = ok(rig.tree(query(true, limit, after)));
      List<String> paths = paths(reply);
      assertThat(paths.size()).isLessThanOrEqualTo(limit);
      all.addAll(paths);
      if (reply.headers().isEmpty()) {
        break;
      }
      after = cursorOf(reply, limit);
    }
    assertThat(all).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(PATHS);
  }

  private static Optional<FilePath> cursorOf(ApiReply.Ok reply, int limit) {
    assertThat(reply.headers()).containsOnlyKeys("Link");
    String link = reply.headers().get("Link");
    // DuckDB wants one parameter and no comma or semicolon within.
    assertThat(link).matches("<[^,;<>]+>; rel=\"next\"");
    String url = LinkHeader.next(link).orElseThrow();
    assertThat(url)
        .startsWith(SELF + "/api/models/acme/x/tree/main?")
        .contains("recursive=true", "limit=" + limit);
    Matcher cursor = Pattern.compile("[?&]cursor=([^&]+)").matcher(url);
    assertThat(cursor.find()).isTrue();
    return TreeQuery.ofCursor(PercentCoding.decode(cursor.group(1)).orElseThrow());
  }

  /** text-generation-webui forges this cursor and goes on until a page is empty. */
  @Test
  void a_forged_cursor_leads_to_the_end() {
    List<String> all = new ArrayList<>();
    Optional<FilePath> after = Optional.empty();
    for (int page = 0; page < 10; page++) {
      List<String> paths = paths(rig.tree(query(false, 2, after)));
      if (paths.isEmpty()) {
        break;
      }
      all.addAll(paths);
      after = TreeQuery.ofCursor(forged(paths.getLast()));
      assertThat(after).map(FilePath::value).contains(paths.getLast());
    }
    assertThat(all).containsExactly("a.txt", "dir", "dir.txt", "z é.bin");
  }

  private static String forged(String last) {
    String json = "{\"file_name\":\"" + last + "\"}";
    String inner = Base64.getEncoder().encodeToString(json.getBytes(UTF_8)) + ":50";
    return Base64.getEncoder().encodeToString(inner.getBytes(UTF_8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "!!!", "eyJ9", "Ojo6", "ZmlsZV9uYW1l", "\0"})
  void a_cursor_that_is_none_of_ours_is_none(String cursor) {
    assertThat(TreeQuery.ofCursor(cursor)).isEmpty();
    assertThat(TreeQuery.ofCursor(forged("../x"))).isEmpty();
  }

  @Test
  void a_cursor_carries_every_path_but_one_with_a_quote() {
    for (String path : List.of("a", "dir/sub/é \uD83D\uDE00.txt", "a'b", "a{}:,b")) {
      assertThat(TreeQuery.cursor(new FilePath(path), 50).flatMap(TreeQuery::ofCursor))
          .contains(new FilePath(path));
    }
    assertThat(TreeQuery.cursor(new FilePath("a\"b"), 50)).isEmpty();
  }

  @Test
  void some_paths_come_in_the_order_they_were_asked_for() {
    ApiReply reply =
        rig.mirror
            .trees()
            .describe(
                new RevisionRequest(REPO, MAIN, ClientRequest.of(Caller.ANONYMOUS, List.of())),
                new PathsQuery(List.of("z é.bin", "nope", "dir", "../x", "a.txt", "dir/"), false),
                SELF);
    assertThat(paths(reply)).containsExactly("z é.bin", "dir", "a.txt");
    assertThat(hub.counters().requests(Route.PATHS_INFO)).isZero();
  }

  @Test
  void look_ups_at_the_same_time_before_the_listing_is_known_cost_one_listing() throws Exception {
    int clients = 8;
    CountDownLatch asked = new CountDownLatch(clients);
    hub.onRequest(request -> {
      if (request.route() == Route.TREE) {
        awaitQuietly(asked);
      }
    });
    List<Future<ApiReply>> replies = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < clients; i++) {
        String path = PATHS.get(i % PATHS.size());
        replies.add(
            threads.submit(() -> {
              asked.countDown();
              return rig.mirror
                  .trees()
                  .describe(
                      new RevisionRequest(
                          REPO, MAIN, ClientRequest.of(Caller.ANONYMOUS, List.of())),
                      new PathsQuery(List.of(path), false),
                      SELF);
            }));
      }
      for (int i = 0; i < clients; i++) {
        assertThat(paths(replies.get(i).get())).containsExactly(PATHS.get(i % PATHS.size()));
      }
    }
    assertThat(hub.counters().requests(Route.TREE)).isEqualTo(4);
    assertThat(hub.counters().requests(Route.PATHS_INFO)).isZero();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void what_only_upstream_knows_is_asked_there() {
    TreeQuery expanded =
        new TreeQuery(
            true, true, OptionalInt.empty(), Optional.empty(), "recursive=true&expand=true");
    ApiReply.Ok reply = ok(rig.tree(expanded));
    assertThat(text(reply)).contains("lastCommit").doesNotContain("xetHash");
    assertThat(reply.headers().get("Link"))
        .startsWith("<" + SELF + "/api/models/acme/x/tree/main?");
  }

  @Tag("slow")
  @Test
  void a_listing_that_fails_half_way_makes_nothing_absent() {
    hub.faults().on(Route.TREE).path(p -> true).skip(1).status(503);
    assertThat(rig.file("a.txt")).isInstanceOf(FileAnswer.Found.class);
    rig.settle();
    FileAnswer answer = rig.file("z é.bin");
    assertThat(answer).isInstanceOf(FileAnswer.Found.class);
    assertThat(rig.tree(query(true, 0, Optional.empty()))).isInstanceOf(ErrorReply.class);
  }
}
