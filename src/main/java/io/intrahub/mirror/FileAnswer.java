package io.intrahub.mirror;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;

/** What the mirror says about one file of one revision. */
public sealed interface FileAnswer permits FileAnswer.Found, ErrorReply {
  /** The file is there and may be read. */
  final class Found implements FileAnswer {
    private final CommitHash commit;
    private final FilePath path;
    private final BlobId blob;
    private final CacheLabel label;
    private final boolean startOver;
    private final Opener opener;

    Found(
        CommitHash commit,
        FilePath path,
        BlobId blob,
        CacheLabel label,
        boolean startOver,
        Opener opener) {
      this.commit = commit;
      this.path = path;
      this.blob = blob;
      this.label = label;
      this.startOver = startOver;
      this.opener = opener;
    }

    /** The commit that the revision is. */
    public CommitHash commit() {
      return commit;
    }

    /** The path in the repo. */
    public FilePath path() {
      return path;
    }

    /** Digest and size. */
    public BlobId blob() {
      return blob;
    }

    /** Where the knowledge about the file comes from. */
    public CacheLabel label() {
      return label;
    }

    /**
     * Whether a client that has some of the bytes must not go on with them, because they may be
     * wrong: upstream once sent others than it had announced.
     */
    public boolean startOver() {
      return startOver;
    }

    /**
     * Opens bytes. May wait for upstream, for as long as a client waits for a head.
     *
     * @param completing whether the client takes the content for complete with them: then its end
     *     waits for the digest
     */
    public Opened open(ByteRange.Span span, boolean completing) {
      return opener.open(span, completing);
    }
  }

  /** The outcome of opening: a content, to be closed by whoever opened it, or an error. */
  sealed interface Opened permits FileContent, ErrorReply {}

  /** How the bytes are got at. */
  interface Opener {
    /** See {@link Found#open}. */
    Opened open(ByteRange.Span span, boolean completing);
  }
}
