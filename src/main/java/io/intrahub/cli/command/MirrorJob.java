package io.intrahub.cli.command;

import java.io.IOException;

/**
 * Something that a running mirror does to its store for a command, on the thread of the request.
 */
public interface MirrorJob {
  /** Its name, which is that of the command: lower-case letters. */
  String name();

  /** Whether it must not be done while another job is that says the same. */
  boolean isExclusive();

  /** Whether several requests may have it done at the same time. */
  default boolean isRepeatable() {
    return false;
  }

  /**
   * Does it.
   *
   * @param request what to do, as JSON; whoever sent it may write to the store
   * @throws CommandException to end the command with this message
   * @throws IOException if the store can't be used, or the command does not wait for it any more
   */
  void run(byte[] request, JobEvents events) throws CommandException, IOException;
}
