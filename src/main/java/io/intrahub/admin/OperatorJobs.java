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

  /** Whether a request is done. */
  enum Admission {
    /** Whoever sent it may write to the store. */
    ADMITTED,
    /** It is not signed with the key of the store. */
    FORGED,
    /** It is, but its challenge was used before, is too old, or is not of this process. */
    EXPIRED
  }

  /** Returns a new challenge, to be signed together with one request. Anybody may have one. */
  String challenge();

  /**
   * Decides on a request, which uses up its challenge.
   *
   * @param job one of {@link #names}
   * @param challenge as the request names it
   */
  Admission admit(String job, byte[] request, String challenge, String signature);

  /**
   * Returns what proves to whoever signed an admitted request that this mirror has the key, too.
   *
   * @param signature of that request
   */
  String prove(String signature);

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
