package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Fetches a file again whose stored content was lost, without waiting for a client that asks for
 * it. It does what a client's request does, so it fetches only what that client may read, and
 * nobody else may read it afterwards who could not before. Safe for use by many threads.
 */
final class BlobRefetcher {
  private static final int BUFFER = 64 * 1024;

  private final ResolveFile files;
  private final Caller everybody;

  /**
   * Creates one that fetches through a mirror's own answers.
   *
   * @param everybody a client without a token, from {@link OpenRepos#everybody}, in a network that
   *     no rule of the operator names
   */
  BlobRefetcher(ResolveFile files, Caller everybody) {
    this.files = files;
    this.everybody = everybody;
  }

  /**
   * Requests the file and reads it to its end, which the store keeps if it can.
   *
   * @param client who asks; empty: a client without a token
   * @return why not all of it came; empty if it did
   */
  Optional<String> fetch(RepoId repo, CommitHash commit, FilePath path, Optional<Caller> client) {
    try (ClientRequest request = ClientRequest.of(client.orElse(everybody), List.of())) {
      RevisionRequest on = new RevisionRequest(repo, commit.asRevision(), request);
      return switch (files.resolve(on, path)) {
        case ErrorReply reply -> Optional.of(reply.error().message());
        case FileAnswer.Found found ->
            switch (found.open(ByteRange.Span.all(found.blob().size()), true)) {
              case ErrorReply reply -> Optional.of(reply.error().message());
              case FileContent content -> {
                drain(content);
                yield Optional.empty();
              }
            };
      };
    } catch (IOException e) {
      return Optional.of(Optional.ofNullable(e.getMessage()).orElse("it broke off"));
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
