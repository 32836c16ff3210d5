package io.intrahub.store.fs.metadata;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** Entries of a manifest in the order of their paths, one at a time. For one thread at a time. */
interface EntryCursor extends AutoCloseable {
  /**
   * The next entry; null at the end.
   *
   * @throws IOException when it can't be read
   */
  @Nullable Encoded next() throws IOException;

  @Override
  default void close() throws IOException {}

  /**
   * An entry as its file has it.
   *
   * @param part the part of a listing that it came with
   * @param bytes as {@link ManifestFormat#encode} makes them
   */
  record Encoded(int part, byte[] bytes) {
    /** By path, as {@link io.intrahub.store.Manifest#ORDER} has it. */
    static final Comparator<Encoded> BY_PATH =
        (a, b) ->
            Arrays.compareUnsigned(a.bytes, 4, 4 + a.pathLength(), b.bytes, 4, 4 + b.pathLength());

    private int pathLength() {
      return ByteBuffer.wrap(bytes).getInt();
    }

    byte[] path() {
      return Arrays.copyOfRange(bytes, 4, 4 + pathLength());
    }
  }
}
