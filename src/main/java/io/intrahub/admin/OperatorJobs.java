package io.intrahub.admin;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Set;

/**
 * Jobs that work on the store, which commands ask a running mirror for. Safe for use by many
 * threads.
 */
public interface OperatorJobs {
  /** The names of the jobs. Each is the path of a POST. */
  Set<String> names();

  /** Whether whoever sent the request may write to the store. */
  boolean isSigned(String job, byte[] request, String signature);

  /**
   * Does a job, and returns when that has ended.
   *
   * @param job one of {@link #names}
   * @param request what to do, as JSON
   * @param events takes one JSON object per line; written to and flushed as the job goes on. The
   *     job stops when it can't be written.
   * @throws IOException if the store can't be used
   */
  void run(String job, byte[] request, OutputStream events) throws IOException;
}
