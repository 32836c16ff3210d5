package io.intrahub.transfer.content;

/**
 * A content that was opened before the head of its response is sent: bytes will flow.
 *
 * @param stream to be closed by whoever opened it
 * @param origin where the bytes come from
 * @param verified whether a wrong content can't be completed; false for a part of a content that is
 *     on upstream's word only
 */
public record OpenedContent(ContentStream stream, Origin origin, boolean verified) {
  /** Where bytes come from. */
  public enum Origin {
    /** Published and verified. */
    STORE,
    /** A transfer into the store that the reader reads along with. */
    TRANSFER,
    /** Upstream, passed through: not kept. */
    UPSTREAM
  }
}
