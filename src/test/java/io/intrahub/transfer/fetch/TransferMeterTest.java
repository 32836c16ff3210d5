package io.intrahub.transfer.fetch;

import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.metrics.Meters;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource;
import io.intrahub.transfer.ScriptedSource.BreakAt;
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.ScriptedSource.GateAt;
import io.intrahub.transfer.ScriptedSource.WrongByteAt;
import io.intrahub.transfer.TransferRig;
import io.intrahub.transfer.TransferRig.Got;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.core.Phase;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What the log and the counters say of transfers. */
@Timeout(60)
class TransferMeterTest {
  private static final int SIZE = 1_300_000;
  private static final byte[] BYTES = content(SIZE);
  private static final BlobId BLOB = TestBlobs.sha256(BYTES);
  private static final Span ALL = Span.all(SIZE);
  private static final byte[] FEW = content(20_000);
  private static final BlobId SMALL = TestBlobs.gitSha1(FEW);

  private final TransferRig rig = new TransferRig();
  private final ScriptedSource source = new ScriptedSource(BYTES);
  private final ScriptedSource smallSource = new ScriptedSource(FEW);
  private final Logger logger = (Logger) LoggerFactory.getLogger(TransferLog.class);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeEach
  void listen() {
    log.start();
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(log);
  }

  @AfterEach
  void nothing_leaks() {
    logger.detachAppender(log);
    logger.setAdditive(true);
    logger.setLevel(null);
    rig.timer.fire();
    rig.assertNothingLeaks(source, smallSource);
    rig.close();
  }

  private List<String> lines() {
    return List.copyOf(log.list).stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  @Test
  void a_content_that_is_published_is_one_line_and_a_small_one_is_none() {
    rig.readNow(SMALL, smallSource, Span.all(20_000));
    rig.readNow(BLOB, source, ALL);
    rig.assertNothingLeaks();
    await()
        .untilAsserted(() ->
            assertThat(lines())
                .singleElement()
                .asString()
                .startsWith("Published, 1300000 of 1300000 bytes, 1300000 fetched in")
                .contains("connections at most ", "readers at most 1: ")
                .endsWith(source.toString()));
  }

  @Test
  void one_that_stands_still_is_told_of_and_paused_when_nobody_wants_it() throws Exception {
    Gate gate = new Gate();
    source.always(new GateAt(300_000, gate));
    Span part = new Span(299_000, 10_000);
    CompletableFuture<Got> reader = rig.readLater(BLOB, source, part);
    gate.awaitReached();

    rig.transfers.logProgress();
    assertThat(lines())
        .singleElement()
        .asString()
        .startsWith("Fetching, 37856 of 1300000 bytes (2 %), ")
        .contains(" MB/s, connections 1, readers 1")
        .endsWith(": " + source);
    assertThat(rig.transfers.loads()).isEqualTo(new Meters.Loads(1, 1, 0, 0));

    gate.open();
    get(reader);
    await()
        .untilAsserted(() -> {
          rig.timer.fire();
          assertThat(lines()).last().asString().startsWith("Paused, ");
        });
    await()
        .untilAsserted(
            () -> assertThat(rig.transfers.loads()).isEqualTo(new Meters.Loads(0, 0, 0, 0)));
  }

  @Test
  void connections_that_break_are_counted() {
    source.on(1, new BreakAt(100_000)).on(2, new BreakAt(200_000));
    rig.readNow(BLOB, source, ALL);
    assertThat(rig.meters.brokenConnectionCount()).isEqualTo(2);
    assertThat(rig.meters.storeFailureCount()).isZero();
  }

  @Test
  void a_wrong_digest_is_a_failure_and_none_of_the_store() {
    Gate gate = new Gate();
    source.always(new WrongByteAt(5), new GateAt(300_000, gate));
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    gate.open();
    assertThat(TransferRig.read(stream).complete()).isFalse();
    await()
        .untilAsserted(() ->
            assertThat(lines()).singleElement().asString().startsWith("Failed, wrong digest, "));
    assertThat(rig.meters.storeFailureCount()).isZero();
  }

  @Test
  void a_store_that_breaks_is_counted_once_for_all_its_readers() throws Exception {
    rig.store.failWriteAt(400_000);
    Gate gate = new Gate();
    source.always(new GateAt(300_000, gate));
    List<CompletableFuture<Got>> readers =
        List.of(rig.readLater(BLOB, source, ALL), rig.readLater(BLOB, source, ALL));
    await().until(() -> rig.transfers.progress().stream().anyMatch(p -> p.readers() == 2));
    gate.open();
    for (CompletableFuture<Got> reader : readers) {
      assertThat(get(reader).complete()).isTrue();
    }
    // The readers have all a moment before the transfer has ended.
    await()
        .untilAsserted(() ->
            assertThat(lines())
                .singleElement()
                .asString()
                .startsWith("Failed, the store can't write it, "));
    assertThat(rig.meters.storeFailureCount()).isEqualTo(1);
  }

  @Test
  void what_goes_past_a_store_that_takes_nothing_is_counted_until_it_is_closed() {
    rig.store.failBegin();
    ContentStream stream = rig.ready(BLOB, source, ALL).stream();
    assertThat(rig.transfers.loads()).isEqualTo(new Meters.Loads(0, 0, 0, 1));
    stream.close();
    stream.close();
    assertThat(rig.transfers.loads().passThrough()).isZero();
    assertThat(rig.meters.storeFailureCount()).isEqualTo(1);
  }

  @Test
  void a_line_is_short_and_exact() {
    assertThat(
            TransferLog.ended(
                new TransferMeter.Summary(
                    Phase.PAUSED, true, 4_000_000, 3_000_000, 1_500_000, 3_000_000_000L, 2, 7)))
        .isEqualTo(
            "Paused, upstream fails, 3000000 of 4000000 bytes, 1500000 fetched in 3.0 s"
                + " (0.5 MB/s), connections at most 2, readers at most 7");
    assertThat(
            TransferLog.line(
                new TransferProgress(
                    "hub acme/x@12345678/m.bin",
                    "fetching",
                    4_000_000,
                    3_000_000,
                    250_000,
                    2,
                    1,
                    Optional.of(Duration.ofSeconds(4)))))
        .isEqualTo(
            "Fetching, 3000000 of 4000000 bytes (75 %), 0.3 MB/s, connections 1, readers"
                + " 2, 4 s left");
  }
}
