package io.intrahub.transfer.fetch;

import io.intrahub.hub.BlobId;
import io.intrahub.store.PartialBlob;
import java.io.IOException;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What makes bytes in the store last and count: the hash, the sync, the publishing. The state sees
 * to it that each runs once at a time, and the publishing alone.
 */
final class BlobVerifier {
  private static final Logger log = LoggerFactory.getLogger(BlobVerifier.class);

  /** How far the hash goes before it says so. */
  private static final long STRIDE = 8L << 20;

  private final Transfer transfer;
  private final BlobId blob;
  private final PartialBlob partial;

  BlobVerifier(Transfer transfer, BlobId blob, PartialBlob partial) {
    this.transfer = transfer;
    this.blob = blob;
    this.partial = partial;
  }

  /** Follows the front until there is nothing more to follow. */
  void hash() {
    try {
      OptionalLong target = transfer.hashTarget();
      while (target.isPresent()) {
        long to = Math.min(target.getAsLong(), partial.hashed() + STRIDE);
        partial.hash(to);
        transfer.hashed(to);
        target = transfer.hashTarget();
      }
      transfer.replan();
    } catch (IOException e) {
      transfer.hashFailed(e);
    } catch (RuntimeException | Error e) {
      log.error("Hashing a blob of {} bytes failed because of a bug in intrahub", blob.size(), e);
      transfer.hashFailed(e);
    }
  }

  void sync() {
    try {
      partial.sync();
    } catch (IOException e) {
      transfer.storeFailed(e);
    } catch (RuntimeException | Error e) {
      log.error("Syncing a blob of {} bytes failed because of a bug in intrahub", blob.size(), e);
      transfer.storeFailed(e);
    } finally {
      transfer.synced();
    }
  }

  void publish() {
    try {
      transfer.verdict(partial.publish());
    } catch (IOException e) {
      transfer.notPublished(e);
    } catch (RuntimeException | Error e) {
      log.error(
          "Publishing a blob of {} bytes failed because of a bug in intrahub", blob.size(), e);
      transfer.notPublished(e);
    }
  }
}
