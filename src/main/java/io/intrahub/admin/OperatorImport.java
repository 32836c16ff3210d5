package io.intrahub.admin;

import java.io.IOException;
import java.io.OutputStream;

/** Imports that commands ask a running mirror for. Safe for use by many threads. */
public interface OperatorImport {
  /** Whether whoever sent the request may write to the store. */
  boolean isSigned(byte[] request, String signature);

  /**
   * Imports, and returns when that has ended.
   *
   * @param request what to import, as JSON
   * @param events takes one JSON object per line; written to and flushed as the import goes on
   * @throws IOException if the events can't be written, which stops the import
   */
  void run(byte[] request, OutputStream events) throws IOException;
}
