package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.base.Deadline;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.Revision;
import java.time.Instant;

/**
 * A client's request for one file while it is being answered.
 *
 * @param on the revision that the file is looked up in, and who asks
 * @param path of the file in the repo
 * @param since when the request began, by the mirror's clock
 * @param deadline by which the client must have the head of an answer
 */
record FileRequest(RevisionRequest on, FilePath path, Instant since, Deadline deadline) {
  Revision revision() {
    return on.revision();
  }

  Caller caller() {
    return on.caller();
  }
}
