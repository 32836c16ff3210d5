package io.intrahub.mirror;

import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import java.util.Optional;

/** Replies that several use cases give. */
final class Replies {
  private Replies() {}

  static ApiReply refused(FirstHop.Refusal refusal) {
    return new ApiReply.Refused(refusal.error(), refusal.commit());
  }

  static ApiReply failed(UpstreamFailure failure, String what) {
    return new ApiReply.Refused(Failures.error(failure, what), Optional.empty());
  }
}
