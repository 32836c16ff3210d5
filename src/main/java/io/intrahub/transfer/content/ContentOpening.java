package io.intrahub.transfer.content;

import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;

/** What came of opening a content, known before the head of the response is sent. */
public sealed interface ContentOpening {
  /** Where bytes come from. */
  enum Origin {
    /** Published and verified. */
    STORE,
    /** A transfer into the store that the reader reads along with. */
    TRANSFER,
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
   * The Hub refuses this client.
   *
   * @param refusal what it said
   */
  record Refused(HubRefusal refusal) implements ContentOpening {}

  /**
   * Upstream can't deliver it, or delivers something else.
   *
   * @param failure why
   */
  record Failed(UpstreamFailure failure) implements ContentOpening {}
}
