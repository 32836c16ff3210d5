package io.intrahub.upstream.hub;

import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.json.JsonFilter;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import okhttp3.Response;

/**
 * Reads successful answers of the API. A small one is read and checked as a whole, so that a broken
 * one can be asked for again; of a larger one the beginning is read, and the rest is left to
 * whoever copies it. What is buffered is reserved from the memory budget. Safe for use by many
 * threads.
 */
final class AnswerReader {
  /** Bytes up to which an answer is read as a whole. */
  static final int WHOLE = 64 * 1024;

  private static final int STEP = 16 * 1024;

  /**
   * Heap for each byte that is buffered: as it came, as an array, and without Xet fields. For a
   * streamed answer the same amount covers the buffers of the parser and of the client's
   * connection.
   */
  private static final int HEAP_PER_BYTE = 3;

  private static final List<String> PASSED_HEADERS =
      List.of(
          HeaderNames.CONTENT_TYPE,
          HeaderNames.X_REPO_COMMIT,
          HeaderNames.LINK,
          HeaderNames.X_REVISION,
          HeaderNames.X_TOTAL_COUNT);

  /** An answer ends by then, however steadily it arrives. */
  private static final Duration LONGEST = Duration.ofMinutes(10);

  private final MemoryBudget budget;
  private final Duration limit;

  /** With the time that one whole answer may take, from its request, without what bytes earn. */
  AnswerReader(MemoryBudget budget, Duration limit) {
    this.budget = budget;
    this.limit = limit;
  }

  /**
   * Reads an answer.
   *
   * @param response closed by this method, unless the result holds it
   * @param owner whose share of the budget it counts against
   * @param sent when the request was sent, by {@link System#nanoTime}
   */
  UpstreamResult<ApiAnswer> read(Response response, ApiRequest request, String owner, long sent)
      throws IOException {
    MemoryBudget.Reservation reservation = budget.reservation(owner);
    boolean kept = false;
    try {
      if (!request.isFile() && FailureClassifier.isPage(response)) {
        return FailureClassifier.unexpected(FailureClassifier.PAGE);
      }
      Map<String, String> headers = headers(response, request);
      if (request.method().equals("HEAD")) {
        return ok(response, headers, ApiBody.of(new byte[0]));
      }
      boolean json =
          !request.isFile()
              && headers.getOrDefault("content-type", "").startsWith("application/json");
      AnswerStream stream =
          new AnswerStream(
              response, reservation, !request.isFile(), limit, LONGEST, System.nanoTime() - sent);
      boolean whole = isWhole(stream, reservation);
      byte[] bytes = stream.peek();
      ApiBody body;
      if (whole) {
        // Only what has content is JSON: the Hub answers some calls with nothing.
        body =
            json && bytes.length > 0
                ? ApiBody.whole(
                    JsonFilter.withoutXet(bytes, request.links("", "")), true, reservation)
                : ApiBody.whole(bytes, false, reservation);
      } else {
        long length = response.body().contentLength();
        body =
            ApiBody.streamed(
                bytes,
                stream,
                json,
                length < 0 ? OptionalLong.empty() : OptionalLong.of(length),
                () -> {
                  reservation.close();
                  response.close();
                });
      }
      kept = true;
      if (whole) {
        response.close();
      }
      return ok(response, headers, body);
    } catch (MalformedJsonException e) {
      return FailureClassifier.unexpected(e.reason());
    } finally {
      if (!kept) {
        reservation.close();
        response.close();
      }
    }
  }

  private static UpstreamResult<ApiAnswer> ok(
      Response response, Map<String, String> headers, ApiBody body) {
    return new UpstreamResult.Value<>(new ApiAnswer(response.code(), Map.copyOf(headers), body));
  }

  /** Buffers up to {@link #WHOLE} bytes; false when there are more. */
  private static boolean isWhole(AnswerStream stream, MemoryBudget.Reservation reservation)
      throws IOException {
    for (int step = STEP; step <= WHOLE; step += STEP) {
      reservation.grow((long) HEAP_PER_BYTE * STEP);
      if (!stream.request(step)) {
        return true;
      }
    }
    return !stream.request(WHOLE + 1);
  }

  private static Map<String, String> headers(Response response, ApiRequest request) {
    Map<String, String> headers = new HashMap<>();
    for (String name : PASSED_HEADERS) {
      String value = response.header(name);
      if (value != null) {
        headers.put(name.toLowerCase(Locale.ROOT), value);
      }
    }
    String length = response.header(HeaderNames.CONTENT_LENGTH);
    if (request.method().equals("HEAD") && length != null) {
      headers.put("content-length", length);
    }
    return headers;
  }
}
