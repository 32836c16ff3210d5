package io.intrahub.http;

import io.intrahub.hub.HubTarget;
import java.util.regex.Pattern;

/**
 * Which requests are about buckets, and which of them the mirror can answer. Their metadata passes
 * through with the client's token. Their files come over Xet only, which the mirror does not speak:
 * a request for a file or for a Xet token is refused with a text that says so, because a 404 would
 * read as if there were no such bucket, and a Xet token would lead the client past the mirror.
 * Pure.
 */
final class Buckets {
  private static final Pattern PATHS_INFO =
      Pattern.compile("/api/buckets/[\\w.-]+/[\\w.-]+/paths-info");

  /**
   * The events of a bucket are a stream without an end, which is no answer that can be passed on.
   */
  private static final Pattern NOT_SERVED =
      Pattern.compile("/api/buckets/.*/(xet-(read|write)-token|events)(/.*)?");

  private Buckets() {}

  /** Whether a POST to this target only reads (huggingface_hub 2.4.0, get_bucket_paths_info). */
  static boolean isPathsInfo(HubTarget target) {
    return target instanceof HubTarget.OtherApi(var path) && PATHS_INFO.matcher(path).matches();
  }

  /** Whether a read of this target is refused. */
  static boolean isNotServed(HubTarget target) {
    return switch (target) {
      case HubTarget.OtherApi(var path) -> NOT_SERVED.matcher(path).matches();
      case HubTarget.Page(var path) -> path.startsWith("/buckets/");
      default -> false;
    };
  }
}
