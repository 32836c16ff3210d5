package io.intrahub.transfer;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.transfer.TransferRig.content;
import static io.intrahub.transfer.TransferRig.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.Deadline;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource.Gate;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.UpstreamResults;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A store that takes long to begin a blob delays those who want this blob, and nobody else. */
@Timeout(60)
class SlowStoreTest {
  private static final byte[] BYTES = content(20_000);
  private static final BlobId BLOB = TestBlobs.gitSha1(BYTES);
  private static final Span ALL = Span.all(BYTES.length);

  /** Two repos with one hash code, so that their blobs are in one bin of every map. */
  private static final RepoId SLOW = new RepoId(RepoType.MODEL, "acme/Aa");

  private static final RepoId OTHER = new RepoId(RepoType.MODEL, "acme/BB");

  private final TransferRig rig = new TransferRig();
  private final ScriptedSource source = new ScriptedSource(BYTES);
  private final ScriptedSource otherSource = new ScriptedSource(BYTES);
  private final Gate gate = new Gate();

  @AfterEach
  void nothing_leaks() {
    gate.open();
    rig.timer.fire();
    rig.assertNothingLeaks(source, otherSource);
    rig.close();
  }

  private UpstreamResult<OpenedContent> open(RepoId repo, ScriptedSource from, Duration patience) {
    return rig.transfers.open(everybody(repo, BLOB), from, ALL, true, Deadline.in(patience));
  }

  private CompletableFuture<Boolean> readLater(RepoId repo, ScriptedSource from) {
    return CompletableFuture.supplyAsync(
        () -> {
          UpstreamResult<OpenedContent> opening = open(repo, from, Duration.ofSeconds(20));
          return opening instanceof UpstreamResult.Value(var ready)
              && TransferRig.gives(ready.stream(), BYTES);
        },
        rig.threads);
  }

  @Test
  void a_blob_that_is_slow_to_begin_delays_no_other_blob() throws Exception {
    assertThat(SLOW).hasSameHashCodeAs(OTHER);
    rig.store.holdBegin(SLOW, gate);
    CompletableFuture<Boolean> slow = readLater(SLOW, source);
    gate.awaitReached();

    CompletableFuture<Boolean> other = readLater(OTHER, otherSource);
    await().atMost(Duration.ofSeconds(10)).until(other::isDone);
    assertThat(other.join()).isTrue();
    assertThat(slow).isNotDone();

    gate.open();
    assertThat(get(slow)).isTrue();
  }

  @Test
  void all_who_want_a_blob_that_is_slow_to_begin_share_its_one_transfer() throws Exception {
    rig.store.holdBegin(SLOW, gate);
    List<CompletableFuture<Boolean>> all = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      all.add(readLater(SLOW, source));
    }
    gate.awaitReached();
    gate.open();
    for (CompletableFuture<Boolean> one : all) {
      assertThat(get(one)).isTrue();
    }
    assertThat(rig.store.begun()).isEqualTo(1);
    assertThat(source.opened()).isEqualTo(1);
  }

  @Test
  void a_client_that_leaves_while_another_begins_the_blob_is_let_go() throws Exception {
    rig.store.holdBegin(SLOW, gate);
    CompletableFuture<Boolean> first = readLater(SLOW, source);
    gate.awaitReached();

    AtomicReference<UpstreamResult<OpenedContent>> answer = new AtomicReference<>();
    Thread leaving =
        Thread.ofVirtual().start(() -> answer.set(open(SLOW, source, Duration.ofSeconds(20))));
    await().until(() -> leaving.getState() == Thread.State.TIMED_WAITING);
    leaving.interrupt();
    assertThat(leaving.join(Duration.ofSeconds(10))).isTrue();
    assertThat(answer.get()).isInstanceOf(UpstreamResult.Failed.class);
    assertThat(first).isNotDone();

    gate.open();
    assertThat(get(first)).isTrue();
  }

  @Test
  void a_client_whose_time_is_over_reads_past_the_store() throws Exception {
    rig.store.holdBegin(SLOW, gate);
    CompletableFuture<Boolean> first = readLater(SLOW, source);
    gate.awaitReached();

    OpenedContent ready = UpstreamResults.value(open(SLOW, otherSource, Duration.ofMillis(1)));
    assertThat(ready.origin()).isEqualTo(OpenedContent.Origin.UPSTREAM);
    assertThat(TransferRig.gives(ready.stream(), BYTES)).isTrue();

    gate.open();
    assertThat(get(first)).isTrue();
  }
}
