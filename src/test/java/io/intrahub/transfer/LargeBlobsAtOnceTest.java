package io.intrahub.transfer;

import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.ScriptedSource.GateAt;
import io.intrahub.transfer.TransferRig.Got;
import io.intrahub.transfer.fetch.TransferProgress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many large contents are wanted, of which one may be fetched at a time. */
@Timeout(60)
class LargeBlobsAtOnceTest {
  private final TransferRig rig = new TransferRig(1 << 20, Duration.ofSeconds(20), 1);
  private final List<Wanted> contents = new ArrayList<>();

  /** A content and where it comes from. */
  private record Wanted(byte[] bytes, BlobId blob, ScriptedSource source) {
    Span all() {
      return Span.all(bytes.length);
    }
  }

  private Wanted wanted(int size) {
    byte[] bytes = content(size);
    Wanted wanted = new Wanted(bytes, TestBlobs.sha256(bytes), new ScriptedSource(bytes));
    contents.add(wanted);
    return wanted;
  }

  private CompletableFuture<Got> load(Wanted wanted) {
    return rig.readLater(wanted.blob(), wanted.source(), wanted.all());
  }

  @AfterEach
  void nothing_leaks() {
    rig.timer.fire();
    rig.assertNothingLeaks(contents.stream().map(Wanted::source).toArray(ScriptedSource[]::new));
    rig.close();
  }

  private void assertGot(CompletableFuture<Got> reader, Wanted wanted) throws Exception {
    assertThat(get(reader).complete()).isTrue();
    assertThat(get(reader).bytes()).isEqualTo(wanted.bytes());
    assertThat(wanted.source().opened()).isEqualTo(1);
    assertThat(rig.isStored(wanted.blob())).isTrue();
  }

  @Test
  void the_others_wait_in_line_and_all_come() throws Exception {
    Gate gate = new Gate();
    Wanted first = wanted(2_000_000);
    first.source().on(1, new GateAt(300_000, gate));
    CompletableFuture<Got> reader = load(first);
    gate.awaitReached();
    List<Wanted> others = new ArrayList<>();
    List<CompletableFuture<Got>> waiting = new ArrayList<>();
    for (int i = 1; i <= 12; i++) {
      Wanted other = wanted(1_100_000 + i);
      others.add(other);
      waiting.add(load(other));
    }
    await().until(() -> rig.transfers.loads().waiting() == others.size());
    assertThat(others).noneMatch(o -> o.source().opened() > 0);
    List<TransferProgress> loads = rig.transfers.progress();
    assertThat(loads).filteredOn(p -> p.state().equals("fetching")).hasSize(1);
    assertThat(loads)
        .filteredOn(p -> p.state().equals("queued") && p.connections() == 0)
        .hasSize(others.size());
    assertThat(rig.transfers.running()).isEqualTo(1 + others.size());

    Wanted small = wanted(10_000);
    assertGot(load(small), small);
    assertThat(others).noneMatch(o -> o.source().opened() > 0);
    gate.open();

    assertGot(reader, first);
    for (int i = 0; i < others.size(); i++) {
      assertGot(waiting.get(i), others.get(i));
    }
  }

  /** Else one that takes a day would keep all others out for that day. */
  @Test
  void a_long_one_gives_its_turn_away_between_its_runs() throws Exception {
    Gate gate = new Gate();
    Wanted longOne = wanted(40_000_000);
    longOne.source().on(1, new GateAt(300_000, gate));
    CompletableFuture<Got> reader = load(longOne);
    gate.awaitReached();
    Gate second = new Gate();
    Wanted other = wanted(1_500_000);
    other.source().on(1, new GateAt(1_000_000, second));
    CompletableFuture<Got> waiting = load(other);
    await().until(() -> rig.transfers.loads().waiting() >= 1);
    gate.open();

    second.awaitReached();
    assertThat(reader).isNotDone();
    second.open();

    assertGot(waiting, other);
    assertThat(get(reader).bytes()).isEqualTo(longOne.bytes());
  }
}
