package io.intrahub.mirror;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The body of a reply, which is written once or not at all. It may hold a connection, an open file
 * or part of the memory budget until it is closed, which its receiver must do whatever happens. For
 * one thread at a time.
 */
public interface ReplyBody extends AutoCloseable {
  /** Number of bytes, if it is known before they are written. */
  OptionalLong length();

  /**
   * All of it, if it is in memory: then this may be written instead of calling {@link #writeTo}.
   * Not to be changed.
   *
   * @throws IOException as {@link #writeTo}
   */
  Optional<byte[]> whole() throws IOException;

  /**
   * Writes all of it. Does not close the stream.
   *
   * @throws IOException when it can't be completed: what was written is only a beginning
   */
  void writeTo(OutputStream out) throws IOException;

  /** Gives up what it holds. May be called twice. */
  @Override
  void close();

  /**
   * A body that is in memory and not changed.
   *
   * @param onClose gives up what it holds
   */
  static ReplyBody of(byte[] bytes, Runnable onClose) {
    return new ReplyBody() {
      @Override
      public OptionalLong length() {
        return OptionalLong.of(bytes.length);
      }

      @Override
      public Optional<byte[]> whole() {
        return Optional.of(bytes);
      }

      @Override
      public void writeTo(OutputStream out) throws IOException {
        out.write(bytes);
      }

      @Override
      public void close() {
        onClose.run();
      }
    };
  }
}
