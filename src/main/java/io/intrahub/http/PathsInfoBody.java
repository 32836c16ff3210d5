package io.intrahub.http;

import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.HubError;
import io.intrahub.hub.LimitErrors;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.PathsInfoJson;
import io.intrahub.mirror.PathsQuery;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Reads the body of a {@code paths-info} request, JSON or a form, without holding all of it: only
 * the distinct paths are kept, and their memory is reserved as they arrive. For one thread.
 */
final class PathsInfoBody {
  /** Far more than any client sends: clients ask for the files of one load or of one folder. */
  static final long MAX_BYTES = 2L * 1024 * 1024;

  static final int MAX_PATHS = 10_000;

  /** A path has at most 4,096 bytes, each of which may be percent-encoded. */
  private static final int MAX_PAIR = 16 * 1024;

  /** Bytes that reading takes before the first path: buffers of the parser and the connection. */
  private static final int BASE = 16 * 1024;

  /** Bytes of heap for a path besides its characters. */
  private static final int HEAP_PER_PATH = 120;

  private static final int STEP = 4 * 1024;

  private final MemoryBudget.Reservation reservation;
  private final Set<String> paths = new LinkedHashSet<>();
  private long needed;
  private long reserved;

  private PathsInfoBody(MemoryBudget.Reservation reservation) {
    this.reservation = reservation;
  }

  /**
   * Reads a body to its end.
   *
   * @param reservation grown by the memory of the paths, which the result holds
   * @throws RequestBody.RefusedException if the body exceeds a limit
   * @throws MalformedJsonException if the body is not a list of paths
   * @throws IOException if the body can't be read, or if there is no memory for it
   */
  static PathsQuery read(InputStream body, boolean json, MemoryBudget.Reservation reservation)
      throws IOException, MalformedJsonException {
    reservation.grow(BASE);
    PathsInfoBody reader = new PathsInfoBody(reservation);
    boolean expand = json ? PathsInfoJson.read(body, reader::add) : reader.readForm(body);
    // Bytes after the end of the JSON must not be taken for the next request.
    body.transferTo(OutputStream.nullOutputStream());
    return new PathsQuery(reader.paths, expand);
  }

  private void add(String path) throws IOException {
    if (paths.contains(path)) {
      return;
    }
    if (paths.size() == MAX_PATHS) {
      throw new RequestBody.RefusedException(
          LimitErrors.tooLarge(
              "The body names more than " + MAX_PATHS + " paths. Ask for fewer at once."));
    }
    needed += HEAP_PER_PATH + 2L * path.length();
    if (needed > reserved) {
      long more = Math.max(needed - reserved, STEP);
      reservation.grow(more);
      reserved += more;
    }
    paths.add(path);
  }

  private boolean readForm(InputStream body) throws IOException {
    boolean expand = false;
    byte[] buffer = new byte[8 * 1024];
    ByteArrayOutputStream pair = new ByteArrayOutputStream();
    int read;
    do {
      read = body.read(buffer, 0, buffer.length);
      for (int i = 0; i < read; i++) {
        if (buffer[i] == '&') {
          boolean one = take(pair);
          expand = expand || one;
        } else if (pair.size() == MAX_PAIR) {
          throw new RequestBody.RefusedException(
              HubError.badRequest(
                  "The form contains a value of more than " + MAX_PAIR + " bytes."));
        } else {
          pair.write(buffer[i]);
        }
      }
    } while (read >= 0);
    boolean last = take(pair);
    return expand || last;
  }

  /** Takes one pair and empties the buffer; returns whether it sets {@code expand}. */
  private boolean take(ByteArrayOutputStream pair) throws IOException {
    QueryParameters query = QueryParameters.parse(pair.toString(StandardCharsets.UTF_8));
    pair.reset();
    for (String path : query.all("paths")) {
      add(path);
    }
    return query.isTrue("expand");
  }
}
