package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.read.ListAppender;
import ch.qos.logback.core.spi.FilterReply;
import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.TokenHash;
import io.intrahub.audit.AuditSettings;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Kind;
import io.intrahub.hostile.PermissionCell.Mode;
import io.intrahub.hostile.PermissionCell.State;
import io.intrahub.hostile.PermissionWorld.Repo;
import io.intrahub.hub.RepoPattern;
import io.intrahub.store.fs.tokens.TokenFile;
import io.intrahub.upstream.hub.EndpointSettings;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.slf4j.LoggerFactory;

/**
 * The text of a token is nowhere but on its way to the Hub: not in a log, the audit log, a metric,
 * a file of the store or a temporary one, a thread dump or an answer, nor in anything that the CDN
 * or another endpoint received. {@code
 * ProxyTest.no_token_of_a_client_is_in_anything_that_a_proxy_can_read} shows the same of proxies.
 */
@Isolated("It listens to the log of the whole process.")
class TokenTracesTest {
  @TempDir Path data;
  @TempDir Path dumps;
  private static final String TOKEN = "hf_" + PermissionWorld.CANARY;
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private static final List<Kind> KINDS = List.of(Kind.PUBLIC, Kind.PRIVATE, Kind.GATED_AUTO);

  /** All but those without a token. */
  private static final Set<Asker> ASKERS = EnumSet.complementOf(EnumSet.of(Asker.ANONYMOUS));

  /** As long as one of the Hub's, where no token belongs. */
  private static final String MISPLACED = TOKEN + "MisplacedInAPath0123456789";

  private static final String OF_A_CLIENT = TOKEN + "ofAClient01234567890123456";

  /** What the mirror keeps of temporary files is small. */
  private static final long LARGEST_TEMPORARY = 16 << 20;

  private final Map<Kind, Repo> repos = new EnumMap<>(Kind.class);
  private Level levelBefore = Level.WARN;
  private DevHub fallback;
  private Rig rig;
  private Path audit;
  private FileTime begun = FileTime.fromMillis(0);

  @BeforeEach
  void start() throws IOException {
    audit = Files.createDirectory(dumps.resolve("audit"));
    begun = Files.getLastModifiedTime(audit);
    Logger root = root();
    levelBefore = root.getLevel();
    // As the product is shipped, with all else at its most talkative.
    jetty().setLevel(Level.WARN);
    root.iteratorForAppenders().forEachRemaining(a -> a.addFilter(new OnlyWarnings()));
    root.setLevel(Level.TRACE);
    logged.start();
    root.addAppender(logged);
    fallback = DevHub.builder().strict(false).start();
  }

  private void start(UnaryOperator<AppSettings> change) {
    rig =
        new Rig(
            data,
            s -> {
              EndpointSettings hub = s.upstream().endpoints().getFirst();
              return change.apply(
                  s.withMirror(s.mirror().withColdQuestions(10_000_000))
                      // Small enough to be rotated and compressed.
                      .withAudit(new AuditSettings(audit.resolve("audit.log"), 64 << 10, 100))
                      .withUpstream(
                          s.upstream()
                              .withEndpoints(
                                  List.of(hub, EndpointSettings.untrusted(fallback.uri())))));
            });
  }

  @AfterEach
  void stop() {
    Logger root = root();
    root.detachAppender(logged);
    root.iteratorForAppenders().forEachRemaining(a -> a.clearAllFilters());
    root.setLevel(levelBefore);
    jetty().setLevel(null);
    rig.close();
    fallback.close();
  }

  private static Logger root() {
    return (Logger) LoggerFactory.getLogger("ROOT");
  }

  private static Logger jetty() {
    return (Logger) LoggerFactory.getLogger("org.eclipse.jetty");
  }

  /** Keeps the console quiet. */
  private static final class OnlyWarnings extends Filter<ILoggingEvent> {
    @Override
    public FilterReply decide(ILoggingEvent event) {
      return event.getLevel().isGreaterOrEqual(Level.WARN) ? FilterReply.NEUTRAL : FilterReply.DENY;
    }
  }

  @Tag("slow")
  @Test
  void the_text_of_no_token_is_left_anywhere() throws Exception {
    start(UnaryOperator.identity());
    PermissionWorld world = new PermissionWorld(rig, PermissionCell.Mode.PASSTHROUGH);
    world.register(State.WARM);
    for (Kind kind : KINDS) {
      repos.put(kind, world.make(kind, State.WARM, ""));
    }
    askAll(world);
    world.expire(State.WARM);
    rig.clock.pass(Duration.ofMinutes(11));
    askAll(world);
    checkTraces();
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    askAll(world);
    rig.restart();
    askAll(world);
    assertThat(fallback.log()).isNotEmpty();
    checkTraces();
  }

  private void askAll(PermissionWorld world) {
    for (Kind kind : KINDS) {
      for (Asker asker : ASKERS) {
        for (PermissionRoute route : PermissionRoute.values()) {
          Rig.Answer answer =
              world.ask(
                  new PermissionCell(Mode.PASSTHROUGH, kind, State.WARM, asker, route),
                  repos.get(kind));
          assertThat(answer.headers().map() + answer.text())
              .as("%s %s %s", kind, asker, route)
              .doesNotContain(PermissionWorld.CANARY);
        }
      }
    }
    // In places where no token belongs.
    for (String target :
        List.of("/api/models/acme/x?token=", "/acme/x/resolve/", "/acme/x/resolve/main/", "/")) {
      rig.get(target + MISPLACED, Optional.empty());
    }
  }

  /** The mirror's own token, one that it issued, and those of the Hub that clients send anyway. */
  @Test
  void nor_is_that_of_the_mirrors_own_token_or_of_one_that_it_issued() throws Exception {
    String own = TOKEN + "ofTheMirror";
    Path secret = Files.writeString(dumps.resolve("hub-token"), own);
    AccessRule all =
        new AccessRule(
            Optional.empty(),
            List.of("ci"),
            List.of(RepoPattern.parse("acme/*").orElseThrow()),
            true,
            true);
    SiteAccess site =
        new SiteAccess(
            AccessMode.SERVICE,
            AccessRules.of(List.of(all)),
            Optional.of(secret),
            Optional.empty(),
            Duration.ofMinutes(5),
            Duration.ofHours(1));
    start(s -> s.withSite(site));
    rig.hub.token(own, "site");
    rig.hub
        .repo("model", "acme/closed")
        .visibility(Visibility.PRIVATE)
        .allow(own)
        .commit(
            "Add it",
            Map.of("config.json", DevFile.text("{}"), "model.bin", DevFile.lfsGenerated(1, 9_000)));
    String local = LocalToken.newText(new Random(1));
    LocalToken issued =
        new LocalToken("ci", TokenHash.of(local), rig.clock.instant(), Optional.empty(), List.of());
    TokenFile.of(rig.data()).<RuntimeException>change(table -> table.with(issued));
    rig.clock.pass(Duration.ofSeconds(1));
    String commit = rig.hub.repo("model", "acme/closed").commitOf("main").orElseThrow();

    for (String token : List.of(local, local + "x", OF_A_CLIENT)) {
      for (PermissionRoute route : PermissionRoute.values()) {
        Rig.Answer answer =
            rig.send(rig.app().uri(), route.of("acme/closed", commit, commit), Optional.of(token));
        assertThat(answer.headers().map() + answer.text())
            .as("%s %s", token, route)
            .doesNotContain(PermissionWorld.CANARY, local);
      }
      rig.get("/acme/closed/resolve/main/" + token, Optional.empty());
    }

    assertThat(rig.get("/acme/closed/resolve/main/model.bin", Optional.of(local)).status())
        .isEqualTo(200);
    for (Recorded request : rig.hub.log()) {
      assertThat(request.headers().toString())
          .as("what the Hub got: " + request)
          .doesNotContain(local, OF_A_CLIENT);
    }
    checkTraces(TOKEN, local);
  }

  private void checkTraces(String... tokens) throws Exception {
    List<String> searched = tokens.length == 0 ? List.of(TOKEN) : List.of(tokens);
    String[] texts = searched.toArray(String[]::new);
    assertThat(rig.tracesOnDisk(searched)).isEmpty();
    assertThat(List.copyOf(logged.list))
        .isNotEmpty()
        .extracting(e -> e.getLoggerName() + ": " + e.getFormattedMessage() + e.getThrowableProxy())
        .noneMatch(line -> searched.stream().anyMatch(line::contains));
    assertThat(metrics()).contains("intrahub").doesNotContain(texts).doesNotContain("acme");
    assertThat(threads()).contains("thread").doesNotContain(texts);
    assertThat(audited().lines())
        .as("the audit log")
        .isNotEmpty()
        .noneMatch(line -> searched.stream().anyMatch(line::contains));
    assertThat(temporaryFiles()).as("temporary files").noneMatch(f -> hasAny(f, searched));
    for (Recorded request : rig.hub.log()) {
      if (request.route() == Route.CDN) {
        assertNoToken(request, texts);
      }
    }
    fallback.log().forEach(request -> assertNoToken(request, texts));
  }

  /** In paths a client may have put one, and what it asks for there goes where the path goes. */
  private static void assertNoToken(Recorded request, String... tokens) {
    assertThat(request.headers())
        .as(request.toString())
        .doesNotContainKeys("authorization", "cookie");
    assertThat(request.headers().toString())
        .doesNotContain(PermissionWorld.CANARY)
        .doesNotContain(tokens);
  }

  /** All entries of the audit log, those in compressed files too. */
  private String audited() throws Exception {
    await().until(() -> !entries().isEmpty());
    return entries();
  }

  private String entries() throws IOException {
    StringBuilder all = new StringBuilder();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(audit)) {
      for (Path file : files) {
        try (InputStream in = Files.newInputStream(file)) {
          boolean compressed = file.toString().endsWith(".gz");
          all.append(
              new String(
                  (compressed ? new GZIPInputStream(in) : in).readAllBytes(),
                  StandardCharsets.UTF_8));
        } catch (NoSuchFileException | EOFException e) {
          // It is just being rotated: its entries are in another file.
          continue;
        }
      }
    }
    return all.toString();
  }

  /** What came to the system's folder for temporary files since the test began. */
  private List<Path> temporaryFiles() throws IOException {
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        Path.of(System.getProperty("java.io.tmpdir")),
        EnumSet.noneOf(FileVisitOption.class),
        2,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            boolean recent = attributes.lastModifiedTime().compareTo(begun) >= 0;
            if (attributes.isRegularFile() && recent && attributes.size() < LARGEST_TEMPORARY) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE;
          }
        });
    // Those of this test hold what it wrote itself.
    return found.stream().filter(f -> !f.startsWith(dumps) && !f.startsWith(data)).toList();
  }

  private static boolean hasAny(Path file, List<String> texts) {
    try {
      String content = Files.readString(file, StandardCharsets.ISO_8859_1);
      return texts.stream().anyMatch(content::contains);
    } catch (IOException e) {
      // It was temporary.
      return false;
    }
  }

  private String metrics() {
    Rig.Call call = new Rig.Call("GET", "/metrics", "", "");
    return rig.send(rig.app().adminUri(), call, Optional.empty()).text();
  }

  /** All threads, virtual ones too. */
  private String threads() throws Exception {
    Path file = dumps.resolve("threads-" + System.nanoTime() + ".json");
    ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
        .dumpThreads(file.toString(), ThreadDumpFormat.JSON);
    return Files.readString(file);
  }
}
