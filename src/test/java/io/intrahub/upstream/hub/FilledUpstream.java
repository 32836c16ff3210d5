package io.intrahub.upstream.hub;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.base.FixedCaches;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.policy.CallPriority;
import io.intrahub.testing.HeapUse;
import io.intrahub.testing.Invented;
import java.io.InterruptedIOException;
import java.lang.ref.Reference;
import java.time.Clock;
import java.time.Duration;
import okhttp3.Headers;
import okhttp3.HttpUrl;

/** Fills what the calls to the Hub leave in memory, in a process of its own. */
public final class FilledUpstream {
  private static final Clock CLOCK = Clock.systemUTC();
  private static final Invented INVENTED = new Invented();

  private FilledUpstream() {}

  /** Prints what each takes. */
  public static void main(String[] args) {
    Endpoint hub =
        new Endpoint(
            HttpUrl.get("https://hub.example/"),
            true,
            true,
            new CircuitBreaker(CLOCK),
            new SilenceMonitor(Duration.ofSeconds(5), System::nanoTime));
    DownloadLocations locations = new DownloadLocations(CLOCK);
    HeapUse.print("locations", FixedCaches.LOCATIONS, () -> fill(locations, hub));
    RateLimits limits = new RateLimits(CLOCK);
    HeapUse.print("rate-limits", FixedCaches.RATE_LIMITS, () -> fill(limits, hub));
    Reference.reachabilityFence(locations);
    Reference.reachabilityFence(limits);
  }

  /** With addresses as the Hub's CDN has them. */
  private static void fill(DownloadLocations locations, Endpoint hub) {
    for (int n = 0; n < 10_000; n++) {
      BlobId blob = new BlobId(new Digest.Sha256(INVENTED.hex(64)), n);
      HttpUrl url =
          HttpUrl.get(
              ("https://cas-bridge.xethub.example/xet-bridge-us/%s/%s?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                      + "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Credential=cas%%2Fus-east-1"
                      + "&X-Amz-Date=20250101T000000Z&X-Amz-Signature=%s&X-Amz-SignedHeaders=host"
                      + "&x-id=GetObject&Expires=9999999999&Policy=%s&Signature=%s&Key-Pair-Id=K2L8F4")
                  .formatted(
                      INVENTED.hex(24),
                      INVENTED.hex(64),
                      INVENTED.hex(64),
                      INVENTED.hex(400),
                      INVENTED.hex(300)));
      locations.put(
          new DownloadLocations.Key(
              INVENTED.repo(),
              INVENTED.commit(),
              new FilePath(INVENTED.hex(20)),
              blob,
              Caller.ANONYMOUS.authority()),
          hub,
          url);
    }
  }

  /** With a token for each account, and with one account of many clients. */
  private static void fill(RateLimits limits, Endpoint hub) {
    for (int n = 0; n < 12_000; n++) {
      Authority holder = new Authority.TokenHolder(INVENTED.hex(64));
      call(limits, hub, new Caller(holder, AccessToken.of("hf_" + INVENTED.hex(32)), client(n)));
    }
    for (int n = 0; n < 12_000; n++) {
      call(limits, hub, Caller.anonymous(client(n)));
    }
  }

  private static String client(int n) {
    return "2001:db8:%x:%x::1".formatted(n, n);
  }

  private static void call(RateLimits limits, Endpoint hub, Caller caller) {
    Headers headers =
        Headers.of(
            "RateLimit", "\"api\";r=900000;t=200",
            "RateLimit-Policy", "\"fixed window\";\"api\";q=1000000;w=300");
    for (int call = 0; call < 2; call++) {
      try (RateLimits.Call begun =
          limits.begin(hub, caller, "/api/models/x", CallPriority.CLIENT)) {
        begun.answered(200, headers);
      } catch (RateLimits.LimitedException | InterruptedIOException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
