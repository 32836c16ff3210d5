package io.intrahub.mirror;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.LimitErrors;
import io.intrahub.hub.json.JsonFilter;
import io.intrahub.store.StoredAnswer;
import io.intrahub.upstream.hub.ApiAnswer;
import io.intrahub.upstream.hub.ApiBody;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Replies and bodies that several use cases give. */
final class ApiReplies {
  private static final Logger log = LoggerFactory.getLogger(ApiReplies.class);

  /** What a body that is streamed needs: a buffer for copying, and that of the connection. */
  private static final int STREAM = 96 * 1024;

  private ApiReplies() {}

  /** There is no memory for an answer now. */
  static ApiReply overloaded() {
    return new ErrorReply(LimitErrors.memoryShareSpent("an answer"), Optional.empty());
  }

  /** The headers of an answer that are shown besides those that have a meaning to the mirror. */
  static Map<String, String> shownHeaders(ApiAnswer ok) {
    Map<String, String> headers = new HashMap<>();
    for (String name :
        List.of(HeaderNames.X_TOTAL_COUNT, HeaderNames.X_REVISION, HeaderNames.LOCATION)) {
      ok.header(name.toLowerCase(Locale.ROOT)).ifPresent(value -> headers.put(name, value));
    }
    return headers;
  }

  /** A body that comes from upstream. */
  static ReplyBody passedOn(ApiBody body, JsonFilter.Links links) {
    return new ReplyBody() {
      @Override
      public OptionalLong length() {
        return body.length(links);
      }

      @Override
      public Optional<byte[]> whole() throws IOException {
        return body.whole(links);
      }

      @Override
      public void writeTo(OutputStream out) throws IOException {
        body.copyTo(out, links);
      }

      @Override
      public void close() {
        body.close();
      }
    };
  }

  /** Writes a body, the same each time. */
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * A body made from the store. It is written into memory first; what is too long for that is
   * written again, to the client, so that an answer of any length needs no more than {@link
   * PrefixBuffer#MAX} bytes.
   *
   * @param owner whose share of the budget it counts against
   * @throws BudgetExhaustedException when there is no memory for it now
   * @throws IOException when the store can't be read
   */
  static ReplyBody made(MemoryBudget budget, String owner, Content content) throws IOException {
    MemoryBudget.Reservation reservation = budget.reservation(owner);
    boolean kept = false;
    try {
      PrefixBuffer prefixBuffer = new PrefixBuffer(reservation);
      Optional<byte[]> whole = prefixBuffer.tryWhole(content);
      kept = true;
      return whole
          .map(bytes -> ReplyBody.of(bytes, reservation::close))
          // The same amount again is what the client's connection buffers.
          .orElseGet(() -> holding(reservation::close, OptionalLong.empty(), content));
    } finally {
      if (!kept) {
        reservation.close();
      }
    }
  }

  /**
   * A body that is in memory. A slow client may hold it long after a cache has dropped it, so it
   * counts although it is shared.
   *
   * @param owner whose share of the budget it counts against
   * @throws BudgetExhaustedException when there is no memory for it now
   * @throws InterruptedIOException when the waiting thread is stopped
   */
  static ReplyBody inMemory(MemoryBudget budget, String owner, byte[] bytes)
      throws BudgetExhaustedException, InterruptedIOException {
    MemoryBudget.Reservation reservation = budget.reservation(owner);
    reservation.grow(bytes.length);
    return ReplyBody.of(bytes, reservation::close);
  }

  /**
   * A body that is in the store.
   *
   * @param owner whose share of the budget its buffers count against
   * @throws BudgetExhaustedException when there is no memory for it now
   * @throws IOException when the store can't be read
   */
  static ReplyBody stored(MemoryBudget budget, String owner, StoredAnswer answer)
      throws IOException {
    if (answer.small().isPresent()) {
      return inMemory(budget, owner, answer.small().get());
    }
    MemoryBudget.Reservation reservation = budget.reservation(owner);
    boolean kept = false;
    try {
      reservation.grow(STREAM);
      InputStream in = answer.open();
      kept = true;
      return holding(
          () -> {
            reservation.close();
            close(in);
          },
          OptionalLong.of(answer.length()),
          in::transferTo);
    } finally {
      if (!kept) {
        reservation.close();
      }
    }
  }

  private static void close(InputStream in) {
    try {
      in.close();
    } catch (IOException e) {
      log.debug("A stored answer can't be closed: {}", e.toString());
    }
  }

  private static ReplyBody holding(Runnable onClose, OptionalLong length, Content content) {
    return new ReplyBody() {
      @Override
      public OptionalLong length() {
        return length;
      }

      @Override
      public Optional<byte[]> whole() {
        return Optional.empty();
      }

      @Override
      public void writeTo(OutputStream out) throws IOException {
        content.writeTo(out);
      }

      @Override
      public void close() {
        onClose.run();
      }
    };
  }
}
