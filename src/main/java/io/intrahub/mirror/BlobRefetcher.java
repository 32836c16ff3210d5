package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches a file again whose stored content was lost, without waiting for a client that asks for
 * it. It does what the request of a client without a token does, in a network that no rule of the
 * operator names, so it fetches only what such a client may read. Safe for use by many threads.
 */
final class BlobRefetcher {
  private static final Logger log = LoggerFactory.getLogger(BlobRefetcher.class);
  private static final int BUFFER = 64 * 1024;

  private final ResolveFile files;
  private final Caller everybody;

  /**
   * Creates one that fetches through a mirror's own answers.
   *
   * @param everybody a client without a token, from {@link OpenRepos#everybody}
   */
  BlobRefetcher(ResolveFile files, Caller everybody) {
    this.files = files;
    this.everybody = everybody;
  }

  /** Requests the file and reads it to its end, which the store keeps if it can. */
  void fetch(RepoId repo, CommitHash commit, FilePath path) {
    try (ClientRequest request = ClientRequest.of(everybody, List.of())) {
      RevisionRequest on = new RevisionRequest(repo, commit.asRevision(), request);
      if (files.resolve(on, path) instanceof FileAnswer.Found found
          && found.open(ByteRange.Span.all(found.blob().size()), true)
              instanceof FileContent content) {
        drain(content);
      }
    } catch (IOException e) {
      log.warn("{} of {} could not be fetched again: {}", path, repo, e.toString());
    }
  }

  private static void drain(FileContent content) throws IOException {
    try (content) {
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
      while (content.read(buffer) >= 0) {
        buffer.clear();
      }
    }
  }
}
