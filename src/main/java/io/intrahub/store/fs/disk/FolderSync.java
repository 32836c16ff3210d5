package io.intrahub.store.fs.disk;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Makes the names in folders durable for many threads at once. Threads that need the same folder
 * while an fsync of it is under way share the next one: theirs has to begin after they made their
 * names, so the one under way proves nothing to them. A thousand small files of one repo thus cost
 * far fewer than a thousand of these calls. Safe for use by many threads.
 */
final class FolderSync {
  private final Disk disk;

  /**
   * Of each folder the fsync that has not begun. Whoever adds one makes the call; it is removed
   * before the call begins, so that nobody can join who came later. Completed with what went wrong,
   * if anything did; exceptionally if the call was not made to the end.
   */
  private final ConcurrentMap<Path, CompletableFuture<Optional<IOException>>> next =
      new ConcurrentHashMap<>();

  /** Held over the call, so that those who come meanwhile gather for the next one. */
  private final StripedLocks underWay = new StripedLocks();

  FolderSync(Disk disk) {
    this.disk = disk;
  }

  /**
   * Returns when an fsync of the folder that began after this call has ended well.
   *
   * @throws IOException if that fsync failed: the names may or may not survive a power cut
   */
  void sync(Path folder) throws IOException {
    while (true) {
      CompletableFuture<Optional<IOException>> own = new CompletableFuture<>();
      CompletableFuture<Optional<IOException>> other = next.putIfAbsent(folder, own);
      if (other == null) {
        call(folder, own);
        return;
      }
      try {
        Optional<IOException> failure = other.get();
        if (failure.isPresent()) {
          throw new IOException("the folder " + folder + " could not be synced", failure.get());
        }
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ClosedByInterruptException();
      } catch (ExecutionException e) {
        // The thread that was to make the call was interrupted. That says nothing about the disk.
      }
    }
  }

  private void call(Path folder, CompletableFuture<Optional<IOException>> own) throws IOException {
    ReentrantLock lock = underWay.of(folder);
    lock.lock();
    try {
      next.remove(folder, own);
      disk.forceFolder(folder);
      own.complete(Optional.empty());
    } catch (ClosedByInterruptException e) {
      own.completeExceptionally(e);
      throw e;
    } catch (IOException e) {
      own.complete(Optional.of(e));
      throw e;
    } finally {
      lock.unlock();
      // Has an effect only if something else was thrown.
      own.completeExceptionally(new IllegalStateException("the call was not made"));
    }
  }
}
