package io.intrahub.mirror;

import io.intrahub.hub.json.PathsInfoJson;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Collection;
import java.util.Collections;

/**
 * Which paths a {@code paths-info} call asks for.
 *
 * @param paths each once, in the order in which they were first named
 * @param expand whether commits and scan results are wanted, which only upstream knows
 */
public record PathsQuery(Collection<String> paths, boolean expand) {
  /** Of what {@link #writeTo} writes. */
  static final String CONTENT_TYPE = "application/json";

  /** The collection must not change any more; it is not copied, because it may be large. */
  public PathsQuery {
    paths = Collections.unmodifiableCollection(paths);
  }

  /** Writes it as the Hub takes it; the client may have sent it as a form. */
  void writeTo(OutputStream out) throws IOException {
    PathsInfoJson.write(paths, expand, out);
  }
}
