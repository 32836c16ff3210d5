package io.intrahub.store;

import java.io.IOException;
import java.io.InputStream;

/** The content of a blob that the operator brings in another form than one plain file. */
public interface ImportedContent {
  /**
   * Opens the content at its beginning. May be called more than once.
   *
   * @throws IOException if it can't be read; reading on may throw it too, if a part is damaged
   */
  InputStream open() throws IOException;
}
