package io.intrahub.http;

import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.mirror.CacheLabel;

/**
 * Writes the headers that say where a response comes from (RFC 9211) and how old it is (RFC 9111
 * section 5.1).
 */
final class CacheHeaders {
  private CacheHeaders() {}

  static void write(Exchange exchange, CacheLabel label, boolean verified) {
    exchange.set(HeaderNames.CACHE_STATUS, cacheStatus(label, verified));
    label.age().ifPresent(age -> exchange.set(HeaderNames.AGE, Long.toString(age.toSeconds())));
    if (label.stale()) {
      String age =
          label.age().map(a -> " It was last confirmed " + a.toSeconds() + " s ago.").orElse("");
      exchange.set(
          HeaderNames.X_HF_WARNING,
          "intrahub; "
              + label
                  .removed()
                  .map(at -> "The Hub no longer has this repo, as of " + at)
                  .orElse("The Hub can't be reached")
              + ", so this comes from the mirror's store."
              + (label.partial()
                  ? " It names only the files that were imported or are in a seed."
                  : "")
              + age
              + label
                  .newer()
                  .map(c -> " The Hub has a newer commit, not all of which is stored: " + c.hex())
                  .orElse(""));
    }
    if (label.restricted()) {
      forThisClientOnly(exchange);
    }
  }

  /** Forbids caches on the way to keep the response or to give it to another client. */
  static void forThisClientOnly(Exchange exchange) {
    exchange.set(HeaderNames.CACHE_CONTROL, "private, no-store");
    exchange.set(HeaderNames.VARY, HeaderNames.AUTHORIZATION);
  }

  /** Tells a mirror in front of this one that the error is no outage of the Hub. */
  static String cacheStatus(HubError.Limit limit) {
    return "intrahub; detail=" + limit.detail();
  }

  static String cacheStatus(CacheLabel label, boolean verified) {
    StringBuilder text = new StringBuilder("intrahub; ");
    text.append(
        switch (label.source()) {
          case HIT -> "hit";
          case MISS -> "fwd=miss; stored";
          case BYPASS -> "fwd=bypass";
        });
    if (label.source() == CacheLabel.Source.HIT) {
      label.ttl().ifPresent(ttl -> text.append("; ttl=").append(ttl.toSeconds()));
    }
    if (label.stale()) {
      text.append("; detail=stale");
      text.append(label.partial() ? "; partial" : "");
      // A string: a token may not begin with a digit (RFC 9651).
      label.newer().ifPresent(c -> text.append("; newer=\"").append(c.hex()).append('"'));
    } else if (!verified) {
      text.append("; detail=unverified");
    }
    // Rounded up, so that no grant lasts longer by that.
    label.grantAge().ifPresent(a -> text.append("; grant-age=").append(a.toSeconds() + 1));
    return text.toString();
  }
}
