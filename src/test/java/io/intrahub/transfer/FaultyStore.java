package io.intrahub.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.Scratch;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.VerifiedFile;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.transfer.ScriptedSource.Gate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A store in memory that fails where a test says so, and counts what is not closed. */
public final class FaultyStore implements PublishedBlobs, Scratch {
  /** Without a trace: what is expected must not fill the log. */
  private static final class Scripted extends IOException {
    private static final long serialVersionUID = 1L;

    Scripted(String message) {
      super(message + ", as scripted");
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
      return this;
    }
  }

  private final MemoryStore store;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger begun = new AtomicInteger();
  private volatile boolean failBegin;
  private volatile boolean failPublish;
  private volatile boolean failReserve;
  private volatile @Nullable Gate hashGate;
  private final Map<RepoId, Gate> beginGates = new ConcurrentHashMap<>();
  private volatile long failWriteAt = Long.MAX_VALUE;

  FaultyStore(MemoryStore store) {
    this.store = store;
  }

  /** No blob can be begun. */
  public void failBegin() {
    failBegin = true;
  }

  /** A blob of this repo takes until the gate is opened to begin. */
  void holdBegin(RepoId repo, Gate gate) {
    beginGates.put(repo, gate);
  }

  /** No byte from this offset on can be written. */
  public void failWriteAt(long offset) {
    failWriteAt = offset;
  }

  /** Nothing can be made durable. */
  void failPublish() {
    failPublish = true;
  }

  /** Nobody gets room. */
  void failReserve() {
    failReserve = true;
  }

  /** The hash stops here. */
  void holdHash(Gate gate) {
    hashGate = gate;
  }

  void heal() {
    failReserve = false;
    failBegin = false;
    failPublish = false;
    failWriteAt = Long.MAX_VALUE;
  }

  /** How often a blob was begun or could not be. */
  int begun() {
    return begun.get();
  }

  /** Writers and readers that were not closed. */
  int leaked() {
    return open.get();
  }

  @Override
  public Optional<StoredBlob> open(AuthorisedBlob proof) {
    return store
        .open(proof)
        .map(stored -> {
          open.incrementAndGet();
          return new StoredBlob() {
            private boolean closed;

            @Override
            public long size() {
              return stored.size();
            }

            @Override
            public CompletableFuture<Check> check() {
              return stored.check();
            }

            @Override
            public int read(ByteBuffer into, long position) throws IOException {
              return stored.read(into, position);
            }

            @Override
            public void close() {
              if (!closed) {
                closed = true;
                stored.close();
                open.decrementAndGet();
              }
            }
          };
        });
  }

  @Override
  public boolean contains(AuthorisedBlob proof) {
    return store.contains(proof);
  }

  @Override
  public void put(Optional<RepoId> owner, BlobId blob, VerifiedFile file)
      throws IOException {
    store.put(owner, blob, file);
  }

  @Override
  public PartialBlob write(AuthorisedBlob proof) throws IOException {
    begun.incrementAndGet();
    Gate gate = beginGates.get(proof.repo());
    if (gate != null) {
      gate.pass();
    }
    if (failBegin) {
      throw new Scripted("no blob can be begun");
    }
    PartialBlob partial = store.write(proof);
    open.incrementAndGet();
    return new PartialBlob() {
      private final AtomicBoolean closed = new AtomicBoolean();

      @Override
      public BitSet found() {
        return partial.found();
      }

      @Override
      public void reserve(long bytes) throws IOException {
        if (failReserve) {
          throw new Scripted("there is no room");
        }
        partial.reserve(bytes);
      }

      @Override
      public void unreserve(long bytes) {
        partial.unreserve(bytes);
      }

      @Override
      public void write(ByteBuffer from, long at) throws IOException {
        if (at + from.remaining() > failWriteAt) {
          throw new Scripted("the disk is full");
        }
        partial.write(from, at);
      }

      @Override
      public void mark(int piece) throws IOException {
        partial.mark(piece);
      }

      @Override
      public int read(ByteBuffer into, long at) throws IOException {
        return partial.read(into, at);
      }

      @Override
      public void sync() throws IOException {
        partial.sync();
      }

      @Override
      public long hashed() {
        return partial.hashed();
      }

      @Override
      public void hash(long to) throws IOException {
        Gate gate = hashGate;
        if (gate != null) {
          gate.pass();
        }
        partial.hash(to);
      }

      @Override
      public Verdict publish() throws IOException {
        if (failPublish) {
          throw new Scripted("nothing can be made durable");
        }
        return partial.publish();
      }

      @Override
      public void close() {
        assertThat(closed.compareAndSet(false, true)).as("closed once").isTrue();
        partial.close();
        open.decrementAndGet();
      }
    };
  }
}
