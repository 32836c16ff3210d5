package io.intrahub.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange.Span;
import io.intrahub.store.TestBlobs;
import io.intrahub.transfer.ScriptedSource.BreakAt;
import io.intrahub.transfer.ScriptedSource.Fails;
import io.intrahub.transfer.ScriptedSource.Fault;
import io.intrahub.transfer.ScriptedSource.Refuses;
import io.intrahub.transfer.ScriptedSource.WrongByteAt;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.HoldBack;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random readers of random spans over a random upstream and a random store. Whatever happens, what
 * is promised to be right is right when it completes, and nothing is left open.
 */
@Timeout(120)
class TransferModelTest {
  private static final int ROUNDS = 75;

  /** What one client saw. */
  private record Seen(Span span, boolean promised, byte[] bytes, boolean complete, boolean left) {}

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {101, 102, 103, 104, 105, 106, 107, 108})
  void what_is_promised_holds(long seed) throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      new Round(new Random(seed * 1_000 + round), "seed %d, round %d".formatted(seed, round)).run();
    }
  }

  private static final class Round {
    private final Random random;
    private final String where;
    private final byte[] bytes;
    private final BlobId blob;
    private final ScriptedSource source;
    private boolean wrongBytes;
    private boolean faults;

    Round(Random random, String where) {
      this.random = random;
      this.where = where;
      int size =
          random.nextInt(3) == 0 ? 1 + random.nextInt(60_000) : 1_040_000 + random.nextInt(250_000);
      this.bytes = TestBlobs.bytes(random.nextLong(), size);
      this.blob = random.nextBoolean() ? TestBlobs.sha256(bytes) : TestBlobs.gitSha1(bytes);
      this.source = new ScriptedSource(bytes);
    }

    void run() throws Exception {
      try (TransferRig rig = new TransferRig(200_000)) {
        script(rig);
        List<CompletableFuture<Seen>> clients = new ArrayList<>();
        for (int i = 1 + random.nextInt(6); i > 0; i--) {
          Span span = span();
          long leaveAfter =
              random.nextInt(5) == 0 ? random.nextInt(bytes.length + 1) : Long.MAX_VALUE;
          clients.add(
              CompletableFuture.supplyAsync(() -> client(rig, span, leaveAfter), rig.threads));
          if (random.nextInt(4) == 0) {
            rig.timer.fire();
          }
        }
        for (CompletableFuture<Seen> client : clients) {
          judge(TransferRig.get(client));
        }
        rig.timer.fire();
        rig.assertNothingLeaks(source);
        afterwards(rig);
      }
    }

    private void script(TransferRig rig) {
      for (int connection = 1; connection <= 8; connection++) {
        if (random.nextInt(3) == 0) {
          source.on(connection, fault());
          faults = true;
        }
      }
      switch (random.nextInt(8)) {
        case 0 -> rig.store.failBegin();
        case 1 -> rig.store.failPublish();
        case 2 -> rig.store.failWriteAt(random.nextInt(bytes.length + 1));
        default -> {}
      }
    }

    private Fault fault() {
      int offset = random.nextInt(bytes.length);
      return switch (random.nextInt(6)) {
        case 0 -> new Fails();
        case 1 -> new Refuses();
        case 2, 3 -> {
          wrongBytes = true;
          yield new WrongByteAt(offset);
        }
        default -> new BreakAt(offset);
      };
    }

    private Span span() {
      int from = random.nextBoolean() ? 0 : random.nextInt(bytes.length);
      int to =
          random.nextInt(3) == 0 ? from + 1 + random.nextInt(bytes.length - from) : bytes.length;
      return new Span(from, to - from);
    }

    private Seen client(TransferRig rig, Span span, long leaveAfter) {
      if (!(rig.open(blob, source, span) instanceof UpstreamResult.Value(var ready))) {
        return new Seen(span, true, new byte[0], false, false);
      }
      ByteBuffer got = ByteBuffer.allocate((int) span.length());
      ByteBuffer buffer = ByteBuffer.allocate(30_000);
      try (ContentStream stream = ready.stream()) {
        while (got.position() < leaveAfter) {
          if (stream.read(buffer.clear()) < 0) {
            return new Seen(span, ready.verified(), sent(got), true, false);
          }
          got.put(buffer.flip());
        }
        return new Seen(span, ready.verified(), sent(got), false, true);
      } catch (IOException e) {
        return new Seen(span, ready.verified(), sent(got), false, false);
      }
    }

    private static byte[] sent(ByteBuffer got) {
      return Arrays.copyOf(got.array(), got.position());
    }

    private void judge(Seen seen) {
      String what = where + " " + seen.span() + " of " + bytes.length;
      Span span = seen.span();
      byte[] expected =
          Arrays.copyOfRange(bytes, (int) span.offset(), (int) span.offset() + seen.bytes().length);
      boolean right = Arrays.equals(seen.bytes(), expected);
      if (!wrongBytes || (seen.promised() && seen.complete())) {
        assertThat(right).as(what).isTrue();
      }
      if (seen.complete()) {
        assertThat(seen.bytes().length).as(what).isEqualTo((int) span.length());
      }
      if (!faults && !seen.left()) {
        assertThat(seen.complete()).as(what).isTrue();
      }
      if (!seen.complete() && !seen.left() && seen.promised() && span.end() == bytes.length) {
        long open = Math.max(0, HoldBack.start(bytes.length) - span.offset());
        assertThat((long) seen.bytes().length).as(what).isLessThanOrEqualTo(open);
      }
    }

    /** When all is well again, everybody gets the content, and at last from the store. */
    private void afterwards(TransferRig rig) {
      rig.store.heal();
      Span all = Span.all(bytes.length);
      boolean done = false;
      // Each try that fails uses up at least one of the eight scripted connections.
      for (int i = 0; i < 9 && !done; i++) {
        UpstreamResult<OpenedContent> opening = rig.open(blob, source, all);
        done =
            opening instanceof UpstreamResult.Value(var ready)
                && Arrays.equals(TransferRig.read(ready.stream()).bytes(), bytes);
      }
      assertThat(done).as(where).isTrue();
      rig.timer.fire();
      rig.assertNothingLeaks(source);
      assertThat(rig.isStored(blob)).as(where).isTrue();
    }
  }
}
