package io.intrahub.transfer;

import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;

/** What came of opening a content, known before the head of the response is sent. */
public sealed interface ContentOpening {
  /** Where bytes come from. */
  enum Origin {
    /** Published and verified. */
    STORE,
    /** A fill of the store that the reader reads along with. */
    FILL,
    /** Upstream, passed through: not kept. */
    UPSTREAM
  }

  /**
   * Bytes will flow.
   *
   * @param stream to be closed by the one who opened
   * @param origin where they come from
   * @param verified whether a wrong content can't be completed; false for a part of a content that
   *     is on upstream's word only
   */
  record Ready(ContentStream stream, Origin origin, boolean verified) implements ContentOpening {}

  /**
   * The Hub refuses this asker.
   *
   * @param refusal what it said
   */
  record Refused(FirstHop.Refusal refusal) implements ContentOpening {}

  /**
   * Upstream can't deliver it, or delivers something else.
   *
   * @param failure why
   */
  record Failed(UpstreamFailure failure) implements ContentOpening {}
}
