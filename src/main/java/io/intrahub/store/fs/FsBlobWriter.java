package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.BlobWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A blob on its way to its name. */
final class FsBlobWriter implements BlobWriter {
  private static final Logger log = LoggerFactory.getLogger(FsBlobWriter.class);

  private enum State {
    WRITING,
    FAILED,
    ENDED,
    CLOSED
  }

  private final Publishing publishing;
  private final Quarantine quarantine;
  private final Layout.Place place;
  private final RepoId repo;
  private final BlobId blob;
  private final SharedFile readers;

  // Owner of these: the one thread that writes.
  private final Disk.File file;
  private final Space.Reservation reservation;
  private final MessageDigest hash;
  private State state = State.WRITING;
  private boolean fileOpen = true;

  /** Bytes that are in the file and in the hash; what is beyond may not be read. */
  private volatile long position;

  /** Where the bytes are, for a reader that opens them late. */
  private volatile Path whereabouts;

  FsBlobWriter(
      Publishing publishing,
      Disk disk,
      Quarantine quarantine,
      Layout.Place place,
      RepoId repo,
      BlobId blob,
      Disk.File file,
      Space.Reservation reservation) {
    this.publishing = publishing;
    this.quarantine = quarantine;
    this.place = place;
    this.repo = repo;
    this.blob = blob;
    this.file = file;
    this.reservation = reservation;
    this.hash = blob.digest().newHash(blob.size());
    this.whereabouts = place.data();
    this.readers = new SharedFile(disk, () -> whereabouts, null);
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    require(State.WRITING);
    if (from.remaining() > blob.size() - position) {
      state = State.FAILED;
      throw new IOException("more than the %d bytes of the blob came".formatted(blob.size()));
    }
    try {
      while (from.hasRemaining()) {
        ByteBuffer written = from.duplicate();
        int count = file.write(from);
        if (count <= 0) {
          throw new IOException("the file system took no byte and gave no reason");
        }
        // A write may be short. Only what the file has may be hashed, or a stump would verify.
        hash.update(written.limit(written.position() + count));
        reservation.written(count);
        advance(count);
      }
    } catch (IOException e) {
      state = State.FAILED;
      throw e;
    }
  }

  private void advance(int count) {
    // One thread writes, so this is no race.
    long next = position + count;
    position = next;
  }

  @Override
  public int read(ByteBuffer into, long at) throws IOException {
    long there = position;
    BytesBlob.requireInside(at, there);
    int limit = into.limit();
    into.limit((int) Math.min(limit, into.position() + (there - at)));
    try {
      int count = readers.read(into, at);
      if (count <= 0) {
        throw new IOException("the file ends at %d, though %d were written".formatted(at, there));
      }
      return count;
    } finally {
      into.limit(limit);
    }
  }

  @Override
  public Verdict publish() throws IOException {
    require(State.WRITING);
    // Whatever comes, this writer can do no more: a failed fsync must not be tried again, for the
    // kernel reports lost pages once and calls them clean afterwards.
    state = State.FAILED;
    boolean right = position == blob.size() && Contents.match(hash, blob.digest());
    if (!right) {
      setAside();
      state = State.ENDED;
      return Verdict.WRONG;
    }
    publishing.prepare(place);
    file.force();
    fileOpen = false;
    file.close();
    publishing.publish(place, blob);
    whereabouts = place.blob();
    state = State.ENDED;
    return Verdict.PUBLISHED;
  }

  private void setAside() {
    String why =
        "%s of %s should have %d bytes and the digest %s; %d bytes came%s"
            .formatted(
                place.blob().getFileName(),
                repo,
                blob.size(),
                blob.digest().hex(),
                position,
                position == blob.size() ? " with another digest" : "");
    quarantine.take(place.data(), why);
  }

  private void require(State needed) throws IOException {
    if (state != needed) {
      throw new IOException("the writer has ended or failed before");
    }
  }

  @Override
  public void close() {
    if (state == State.CLOSED) {
      return;
    }
    state = State.CLOSED;
    readers.close();
    if (fileOpen) {
      fileOpen = false;
      try {
        file.close();
      } catch (IOException e) {
        log.warn("{} could not be closed: {}", place.data(), e.toString());
      }
    }
    reservation.close();
    publishing.ended(place);
  }
}
