package io.intrahub.upstream.hub;

import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.json.JsonFilter;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.upstream.BrokenAnswerException;
import io.intrahub.upstream.UpstreamFailure;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The body of an answer: a small one is in memory, a larger one comes from upstream while it is
 * copied. It holds a connection and part of the memory budget until it is closed, which its
 * receiver must do whatever happens. For one thread at a time.
 */
public final class ApiBody implements AutoCloseable {
  private static final int COPY_BYTES = 16 * 1024;

  private final byte[] beginning;
  private final Optional<AnswerStream> rest;
  private final boolean json;
  private final OptionalLong length;
  private final Runnable resources;

  private ApiBody(
      byte[] beginning,
      Optional<AnswerStream> rest,
      boolean json,
      OptionalLong length,
      Runnable resources) {
    this.beginning = beginning;
    this.rest = rest;
    this.json = json;
    this.length = length;
    this.resources = resources;
  }

  /** A body that holds nothing but its bytes. */
  public static ApiBody of(byte[] bytes) {
    return new ApiBody(bytes, Optional.empty(), false, OptionalLong.of(bytes.length), () -> {});
  }

  /**
   * A body that is in memory.
   *
   * @param json whether links in it can be changed
   * @param reservation closed with the body
   */
  static ApiBody whole(byte[] bytes, boolean json, MemoryBudget.Reservation reservation) {
    return new ApiBody(
        bytes, Optional.empty(), json, OptionalLong.of(bytes.length), reservation::close);
  }

  /**
   * A body that is still at upstream, but for its buffered beginning.
   *
   * @param beginning a copy of what is buffered, for those who look before they copy
   * @param length in bytes, if it is known
   * @param resources closed with the body
   */
  static ApiBody streamed(
      byte[] beginning,
      AnswerStream stream,
      boolean json,
      OptionalLong length,
      Runnable resources) {
    return new ApiBody(beginning, Optional.of(stream), json, length, resources);
  }

  /** Whether all of it is in memory, and was found to be right. */
  public boolean isWhole() {
    return rest.isEmpty();
  }

  /**
   * All of a body that {@link #isWhole}, without Xet fields; of another one the beginning, as sent.
   */
  public byte[] bytes() {
    return beginning;
  }

  /** Number of bytes that {@link #copyTo} writes, if that is known beforehand. */
  public OptionalLong length(JsonFilter.Links links) {
    boolean known = !json || (isWhole() && links.equals(JsonFilter.Links.KEPT));
    return known ? length : OptionalLong.empty();
  }

  /**
   * Copies the body: JSON without Xet fields and with other links, anything else byte for byte. A
   * streamed body can be copied once. When this throws, what was written is only a beginning.
   *
   * <p>{@code to} is flushed when upstream lets the mirror wait, so that the receiver has what
   * there is; it is not closed.
   *
   * @throws BrokenAnswerException when upstream breaks off, takes too long, or sends JSON that is
   *     none
   * @throws IOException when {@code to} fails, or a JSON text is too long for the memory budget
   */
  public void copyTo(OutputStream to, JsonFilter.Links links) throws IOException {
    try {
      Optional<byte[]> whole = whole(links);
      if (whole.isPresent()) {
        to.write(whole.get());
        return;
      }
      AnswerStream stream = rest.orElseThrow();
      stream.feeds(to);
      if (json) {
        JsonFilter.withoutXet(stream, to, links, stream::tokenEnds);
      } else {
        copyRaw(stream, to);
      }
    } catch (MalformedJsonException e) {
      throw broken(e);
    }
  }

  /**
   * Copies a body that is a JSON object, as {@link #copyTo} does, but of its own members these
   * only.
   *
   * @throws BrokenAnswerException as {@link #copyTo}, and when the body is no JSON
   * @throws IOException when {@code to} fails, or the text is too long for the memory budget
   */
  public void copyMembersTo(OutputStream to, Set<String> members) throws IOException {
    try {
      if (isWhole()) {
        InputStream whole = new ByteArrayInputStream(beginning);
        JsonFilter.onlyMembers(whole, to, members, () -> {});
      } else {
        AnswerStream stream = rest.orElseThrow();
        stream.feeds(to);
        JsonFilter.onlyMembers(stream, to, members, stream::tokenEnds);
      }
    } catch (MalformedJsonException e) {
      throw broken(e);
    }
  }

  /**
   * What {@link #copyTo} would write, of a body that {@link #isWhole}; else empty.
   *
   * @throws BrokenAnswerException when the JSON is none
   */
  public Optional<byte[]> whole(JsonFilter.Links links) throws BrokenAnswerException {
    if (!isWhole()) {
      return Optional.empty();
    }
    if (!json || links.equals(JsonFilter.Links.KEPT)) {
      return Optional.of(beginning);
    }
    try {
      return Optional.of(JsonFilter.withoutXet(beginning, links));
    } catch (MalformedJsonException e) {
      throw broken(e);
    }
  }

  private static BrokenAnswerException broken(MalformedJsonException e) {
    UpstreamFailure.Kind kind = UpstreamFailure.Kind.UNEXPECTED_ANSWER;
    return new BrokenAnswerException(new UpstreamFailure(kind, e.reason()), e);
  }

  private static void copyRaw(AnswerStream from, OutputStream to) throws IOException {
    byte[] buffer = new byte[COPY_BYTES];
    int read;
    while ((read = from.read(buffer, 0, buffer.length)) >= 0) {
      from.tokenEnds();
      to.write(buffer, 0, read);
    }
  }

  @Override
  public void close() {
    resources.run();
  }
}
