package io.intrahub.hub;

import java.time.Duration;
import java.util.Optional;

/**
 * Errors for what upstream was needed for and did not give. Each says what was asked for, why it is
 * not there, and what to do. No text tells whether a repo is stored that the client may not read.
 */
public final class OutageErrors {
  /**
   * "Origin is unreachable": not registered, but used by others for this, and no client is known to
   * repeat a request by itself because of it.
   */
  static final int LASTING = 523;

  private OutageErrors() {}

  /**
   * Upstream could not be reached or did not answer, and nothing is stored to answer with, or the
   * client may not read it without upstream's word. The text is the same for both, because a client
   * must not learn from it that a private repo is stored.
   *
   * @param isLasting whether asking again at once is of no use. The Python clients repeat a request
   *     after a 504 up to five times, which takes them up to 23 seconds; after {@value #LASTING}
   *     they report the error at once.
   */
  public static HubError upstreamUnreachable(String what, String reason, boolean isLasting) {
    return new HubError(
        isLasting ? LASTING : 504,
        Optional.empty(),
        "intrahub could not reach the Hub for "
            + what
            + " ("
            + reason
            + ") and has no copy of it that it may serve. Try again later.",
        Optional.of(0));
  }

  /**
   * Upstream can't be reached until the operator changes something.
   *
   * @param reason what is wrong, and which option helps
   * @param isLasting as for {@link #upstreamUnreachable}
   */
  public static HubError upstreamMisconfigured(String what, String reason, boolean isLasting) {
    return new HubError(
        isLasting ? LASTING : 504,
        Optional.empty(),
        "intrahub could not reach the Hub for "
            + what
            + " and has no copy of it that it may serve: "
            + reason
            + ".",
        Optional.of(0));
  }

  /**
   * Upstream answered with an error, or with something that is not a valid answer of the Hub, and
   * nothing is stored to answer with, as for {@link #upstreamUnreachable}.
   *
   * @param retryAfter after which time upstream wants to be asked again, if it said so
   * @param isLasting as for {@link #upstreamUnreachable}: no call has got a usable answer for a
   *     while
   */
  public static HubError badUpstream(
      String what, String reason, Optional<Duration> retryAfter, boolean isLasting) {
    return new HubError(
        isLasting ? LASTING : 503,
        Optional.empty(),
        "The Hub's answer for "
            + what
            + " can't be used ("
            + reason
            + "), and intrahub has no copy of it that it may serve. Try again later.",
        Optional.of(retryAfter.map(d -> (int) Math.clamp(d.toSeconds(), 1, 300)).orElse(1)));
  }

  /** Upstream sent bytes that do not match the announced digest, and not for the first time. */
  public static HubError wrongContent(String what, String reason) {
    return new HubError(
        502,
        Optional.empty(),
        "intrahub rejected what the Hub sent for "
            + what
            + ", for the second time: "
            + reason
            + ". Delete your partial copy and try again later. The operator finds the bytes in"
            + " quarantine/.",
        Optional.of(1));
  }

  /**
   * For the client whose request made the mirror send one that came back: {@link HubError#loop}.
   */
  public static HubError circular(String what, String reason) {
    return HubError.of(
        508,
        "intrahub could not ask the Hub for "
            + what
            + ": "
            + reason
            + ". The mirror's operator has to correct upstream.endpoints.");
  }

  /** The operator has switched upstream off, and nothing is stored to answer with. */
  public static HubError offline(String what) {
    return HubError.of(
        501,
        "intrahub runs offline and has no copy of "
            + what
            + " that it may serve. Ask its operator to load it online.");
  }

  /**
   * The client wants no call to upstream (RFC 9111 section 5.2.1.7), and nothing is stored to
   * answer with. The text is the same if it may not read what is stored without upstream's word, as
   * for {@link #upstreamUnreachable}.
   */
  public static HubError notStored(String what) {
    return HubError.of(
        504,
        "The request says only-if-cached, and intrahub has no copy of "
            + what
            + " that it may serve without asking the Hub. Repeat the request without"
            + " only-if-cached, or with max-stale as well if the copy may be old.");
  }
}
