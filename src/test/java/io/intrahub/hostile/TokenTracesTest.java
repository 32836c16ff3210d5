package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.read.ListAppender;
import ch.qos.logback.core.spi.FilterReply;
import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Kind;
import io.intrahub.hostile.PermissionCell.Mode;
import io.intrahub.hostile.PermissionCell.State;
import io.intrahub.hostile.PermissionWorld.Repo;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.slf4j.LoggerFactory;

/**
 * The text of a token is nowhere but on its way to the Hub: not in a log, a metric, a file, a
 * thread dump or an answer, nor in anything that the CDN or another endpoint received. {@code
 * ProxyTest} says the same of proxies.
 */
@Isolated("It listens to the log of the whole process.")
class TokenTracesTest {
  @TempDir Path data;
  @TempDir Path dumps;
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private static final List<Kind> KINDS = List.of(Kind.PUBLIC, Kind.PRIVATE, Kind.GATED_AUTO);

  private static final List<Asker> ASKERS =
      List.of(Asker.MAY, Asker.MAY_NOT, Asker.EXPIRED, Asker.UNKNOWN, Asker.MALFORMED);

  private final Map<Kind, Repo> repos = new EnumMap<>(Kind.class);
  private Level levelBefore = Level.WARN;
  private DevHub fallback;
  private Rig rig;
  private PermissionWorld world;

  @BeforeEach
  void start() {
    Logger root = root();
    levelBefore = root.getLevel();
    // As the product is shipped, with all else at its most talkative.
    jetty().setLevel(Level.WARN);
    root.iteratorForAppenders().forEachRemaining(a -> a.addFilter(new OnlyWarnings()));
    root.setLevel(Level.TRACE);
    logged.start();
    root.addAppender(logged);
    fallback = DevHub.builder().strict(false).start();
    rig =
        new Rig(
            data,
            s -> {
              URI hub = s.upstream().endpoints().getFirst();
              return s.withMirror(s.mirror().withColdQuestions(10_000_000))
                  .withUpstream(s.upstream().withEndpoints(List.of(hub, fallback.uri())));
            });
    world = new PermissionWorld(rig, Mode.PASSTHROUGH);
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

  @Test
  void the_text_of_no_token_is_left_anywhere() throws Exception {
    world.register(State.WARM);
    for (Kind kind : KINDS) {
      repos.put(kind, world.make(kind, State.WARM, ""));
    }
    askAll();
    world.expire(State.WARM);
    rig.clock.pass(Duration.ofMinutes(11));
    askAll();
    checkTraces();
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    askAll();
    rig.restart();
    askAll();
    assertThat(fallback.log()).isNotEmpty();
    checkTraces();
  }

  private void askAll() {
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
      rig.get(target + "hf_" + PermissionWorld.CANARY + "misplaced", Optional.empty());
    }
  }

  private void checkTraces() throws Exception {
    String token = "hf_" + PermissionWorld.CANARY;
    assertThat(rig.tracesOnDisk(List.of(token))).isEmpty();
    assertThat(List.copyOf(logged.list))
        .isNotEmpty()
        .extracting(e -> e.getLoggerName() + ": " + e.getFormattedMessage() + e.getThrowableProxy())
        .noneMatch(line -> line.contains(token));
    assertThat(metrics()).contains("intrahub").doesNotContain(token).doesNotContain("acme");
    assertThat(threads()).contains("thread").doesNotContain(token);
    for (Recorded request : rig.hub.log()) {
      if (request.route() == Route.CDN) {
        assertNoToken(request);
      }
    }
    fallback.log().forEach(TokenTracesTest::assertNoToken);
  }

  private static void assertNoToken(Recorded request) {
    assertThat(request.headers())
        .as(request.toString())
        .doesNotContainKeys("authorization", "cookie");
    assertThat(request.headers().toString()).doesNotContain(PermissionWorld.CANARY);
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
