package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * Reads one small object of a pack of a git clone (gitformat-pack). Objects are stored whole, or as
 * a difference to another one of the pack. For one thread; closed by it.
 */
final class GitPack implements AutoCloseable {
  private static final int OFFSET_DELTA = 6;
  private static final int REFERENCE_DELTA = 7;
  private static final int ID_BYTES = 20;

  /** Counted for each difference, so that a ring of empty ones comes to an end. */
  private static final int OVERHEAD = 64;

  private final GitPackIndex index;
  private final SeekableByteChannel pack;

  private GitPack(GitPackIndex index, SeekableByteChannel pack) {
    this.index = index;
    this.pack = pack;
  }

  /**
   * Reads an object.
   *
   * @param index the pack's index
   * @param id 20 bytes
   * @return its content, of whatever kind it is; empty if the pack does not have it
   * @throws IOException if it can't be read, or is larger than {@link GitObjects#MAX_OBJECT}
   */
  static Optional<byte[]> read(Path index, byte[] id) throws IOException {
    String name = index.toString();
    Path file =
        index.resolveSibling(
            name.substring(0, name.length() - GitPackIndex.SUFFIX.length()) + ".pack");
    try (GitPackIndex opened = new GitPackIndex(index)) {
      OptionalLong at = opened.find(id);
      if (at.isEmpty()) {
        return Optional.empty();
      }
      SeekableByteChannel content =
          Files.newByteChannel(file, Set.of(StandardOpenOption.READ, NOFOLLOW_LINKS));
      try (GitPack pack = new GitPack(opened, content)) {
        return Optional.of(pack.object(at.getAsLong()));
      }
    } catch (EOFException | ZipException | IndexOutOfBoundsException e) {
      throw new IOException(file + " is damaged: clone the repo again", e);
    }
  }

  @Override
  public void close() throws IOException {
    pack.close();
  }

  private byte[] object(long at) throws IOException {
    Deque<byte[]> deltas = new ArrayDeque<>();
    long bytes = 0;
    long next = at;
    while (true) {
      Stored stored = stored(next);
      bytes += stored.content().length + OVERHEAD;
      if (bytes > GitObjects.MEMORY / 2) {
        throw new IOException("a commit of the clone is too large: run git gc in the clone");
      }
      if (stored.base() < 0) {
        byte[] content = stored.content();
        while (!deltas.isEmpty()) {
          content = GitDelta.apply(deltas.pop(), content);
        }
        return content;
      }
      deltas.push(stored.content());
      next = stored.base();
    }
  }

  /**
   * What a place of the pack has.
   *
   * @param base where the object is to which the content is a difference; -1: it is whole
   */
  private record Stored(byte[] content, long base) {}

  private Stored stored(long at) throws IOException {
    if (at < 0) {
      throw new EOFException();
    }
    // Not closed: that would close the pack, which others of its objects are read from.
    DataInputStream in =
        new DataInputStream(new BufferedInputStream(Channels.newInputStream(pack.position(at))));
    int head = in.readUnsignedByte();
    int kind = (head >> 4) & 0x7;
    while ((head & 0x80) != 0) {
      // The length, which the compressed content tells too.
      head = in.readUnsignedByte();
    }
    long base =
        switch (kind) {
          case OFFSET_DELTA -> before(at, in);
          case REFERENCE_DELTA -> place(in.readNBytes(ID_BYTES));
          default -> -1;
        };
    Inflater inflater = new Inflater();
    try {
      InputStream content = new InflaterInputStream(in, inflater);
      return new Stored(content.readNBytes(GitObjects.MAX_OBJECT), base);
    } finally {
      inflater.end();
    }
  }

  /** The base lies before the object, at a distance of seven bits a byte, the highest first. */
  private static long before(long at, DataInputStream in) throws IOException {
    int next = in.readUnsignedByte();
    long distance = next & 0x7f;
    while ((next & 0x80) != 0) {
      next = in.readUnsignedByte();
      distance = ((distance + 1) << 7) + (next & 0x7f);
    }
    if (distance <= 0 || distance > at) {
      throw new EOFException();
    }
    return at - distance;
  }

  private long place(byte[] id) throws IOException {
    return index.find(id).orElseThrow(EOFException::new);
  }
}
