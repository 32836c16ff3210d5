package io.intrahub.config;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * One endpoint of upstream as the operator named it, as {@code URL}, {@code URL#send-tokens} or
 * with the keys of {@link YamlEndpoints}.
 *
 * @param address its base address
 * @param authoritative whether its answers decide who may read what; empty: not stated
 * @param sendTokens whether it receives tokens; empty: not stated
 */
public record EndpointOptions(
    URI address, Optional<Boolean> authoritative, Optional<Boolean> sendTokens) {
  private static final Set<String> HUB =
      Set.of("huggingface.co", "hf.co", "datasets-server.huggingface.co");
  private static final String SEND_TOKENS = "#send-tokens";

  /** Reads an endpoint that is written as one text. */
  static Optional<EndpointOptions> parse(String text) {
    return text.endsWith(SEND_TOKENS)
        ? ValueType.address(text.substring(0, text.length() - SEND_TOKENS.length()))
            .map(address -> new EndpointOptions(address, Optional.empty(), Optional.of(true)))
        : ValueType.address(text)
            .map(address -> new EndpointOptions(address, Optional.empty(), Optional.empty()));
  }

  /** Whether it receives tokens. Unless the operator says otherwise, only the Hub itself does. */
  public boolean receivesTokens() {
    return sendTokens.orElseGet(() -> isHub(address));
  }

  /**
   * Whether its answers decide who may read what. If nobody says so, an endpoint that receives
   * tokens decides, and the first one if none of them receives any.
   *
   * @param all the endpoints, of which this is one
   */
  public boolean decidesIn(List<EndpointOptions> all) {
    return isTrusted()
        || (authoritative.isEmpty()
            && all.getFirst().equals(this)
            && all.stream().noneMatch(EndpointOptions::isTrusted));
  }

  private boolean isTrusted() {
    return authoritative.orElseGet(this::receivesTokens);
  }

  /** The Hub, over TLS: without it, anybody on the way could pose as the Hub. */
  private static boolean isHub(URI address) {
    String host = String.valueOf(address.getHost()).toLowerCase(Locale.ROOT);
    return "https".equalsIgnoreCase(address.getScheme()) && HUB.contains(host);
  }

  @Override
  public String toString() {
    return address.toString();
  }
}
