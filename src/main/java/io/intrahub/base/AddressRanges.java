package io.intrahub.base;

import inet.ipaddr.AddressStringException;
import inet.ipaddr.AddressStringParameters.RangeParameters;
import inet.ipaddr.IPAddress;
import inet.ipaddr.IPAddressNetwork.IPAddressGenerator;
import inet.ipaddr.IPAddressString;
import inet.ipaddr.IPAddressStringParameters;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * A set of IP addresses, given as single addresses and as ranges in CIDR notation. Names are never
 * resolved. Immutable.
 *
 * <p>An IPv4 address and the same address mapped to IPv6 ({@code ::ffff:10.0.0.1}) are one address.
 */
public final class AddressRanges {
  /** The empty set. */
  public static final AddressRanges NONE = new AddressRanges(List.of());

  private static final int MAPPED_BITS = 96;

  /** Only the two usual forms; the library also reads {@code *}, {@code 10.1-9}, {@code 1.2} ... */
  private static final IPAddressStringParameters STRICT = strict();

  private final List<IPAddress> blocks;

  private AddressRanges(List<IPAddress> blocks) {
    this.blocks = List.copyOf(blocks);
  }

  private static IPAddressStringParameters strict() {
    IPAddressStringParameters.Builder form =
        new IPAddressStringParameters.Builder()
            .allowEmpty(false)
            .allowAll(false)
            .allowSingleSegment(false)
            .allowMask(false)
            .allowPrefixOnly(false)
            .allowWildcardedSeparator(false)
            .setRangeOptions(RangeParameters.NO_RANGE);
    form.getIPv4AddressParametersBuilder()
        .allow_inet_aton(false)
        .allowLeadingZeros(false)
        .allowBinary(false);
    form.getIPv6AddressParametersBuilder().allowZone(false).allowBase85(false).allowBinary(false);
    return form.toParams();
  }

  /**
   * Reads a set from its elements, each in one of the forms of {@link #parse}.
   *
   * @throws IllegalArgumentException if an element has another form; the message quotes it
   */
  public static AddressRanges of(List<String> elements) {
    return new AddressRanges(
        elements.stream()
            .map(text ->
                block(text)
                    .orElseThrow(() ->
                        new IllegalArgumentException(
                            "\""
                                + text
                                + "\" is not an IP address, and not a network such as 10.0.0.0/8")))
            .toList());
  }

  /**
   * Reads {@code 10.0.0.0/8}, {@code 2001:db8::/32}, or a single address. Bits after the length of
   * the prefix are ignored.
   *
   * @return empty if the text has none of these forms
   */
  public static Optional<AddressRanges> parse(String text) {
    return block(text).map(block -> new AddressRanges(List.of(block)));
  }

  /**
   * Reads one IP address: four decimal numbers, or an IPv6 address without a zone.
   *
   * @return empty for anything else, such as a name, which is not resolved
   */
  public static Optional<InetAddress> address(String text) {
    return text.indexOf('/') >= 0
        ? Optional.empty()
        : read(text).map(AddressRanges::unmapped).map(IPAddress::toInetAddress);
  }

  private static Optional<IPAddress> block(String text) {
    return read(text).map(AddressRanges::unmapped).map(IPAddress::toPrefixBlock);
  }

  private static Optional<IPAddress> read(String text) {
    try {
      return Optional.of(new IPAddressString(text, STRICT).toAddress());
    } catch (AddressStringException e) {
      return Optional.empty();
    }
  }

  /** Java reports an IPv4 peer of an IPv6 socket as an IPv4 address, so ranges are kept as such. */
  private static IPAddress unmapped(IPAddress address) {
    if (!address.isIPv6() || !address.toIPv6().isIPv4Mapped()) {
      return address;
    }
    Integer bits = address.getNetworkPrefixLength();
    IPAddress embedded = address.toIPv6().withoutPrefixLength().getEmbeddedIPv4Address();
    if (bits == null) {
      return embedded;
    }
    return bits < MAPPED_BITS ? address : embedded.setPrefixLength(bits - MAPPED_BITS, false);
  }

  /** Returns whether an address is in the set. */
  public boolean contains(InetAddress address) {
    if (blocks.isEmpty()) {
      return false;
    }
    // From its bytes, because the zone of a link-local address would make it another one.
    IPAddress tested = unmapped(new IPAddressGenerator().from(address.getAddress()));
    return blocks.stream().anyMatch(block -> block.contains(tested));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AddressRanges that && blocks.equals(that.blocks);
  }

  @Override
  public int hashCode() {
    return blocks.hashCode();
  }

  @Override
  public String toString() {
    return blocks.toString();
  }
}
