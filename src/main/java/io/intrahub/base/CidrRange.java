package io.intrahub.base;

import java.net.InetAddress;
import java.util.Optional;

/**
 * A range of IP addresses in CIDR notation.
 *
 * @param base an address of the range
 * @param bits how many leading bits all of its addresses share with {@code base}
 */
public record CidrRange(InetAddress base, int bits) {
  /**
   * Reads {@code 10.0.0.0/8}, {@code 2001:db8::/32}, or a single address. Names are not resolved.
   *
   * @return empty if the text is neither
   */
  public static Optional<CidrRange> parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      return address(text).map(a -> new CidrRange(a, length(a)));
    }
    String bits = text.substring(slash + 1);
    return address(text.substring(0, slash))
        .filter(a -> bits.matches("\\d{1,3}") && Integer.parseInt(bits) <= length(a))
        .map(a -> new CidrRange(a, Integer.parseInt(bits)));
  }

  /** Parses an IP address. Empty for a name, which is not resolved. */
  public static Optional<InetAddress> address(String text) {
    try {
      return Optional.of(InetAddress.ofLiteral(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static int length(InetAddress address) {
    return address.getAddress().length * Byte.SIZE;
  }

  /** Returns whether an address is in the range; an address of the other IP version never is. */
  public boolean contains(InetAddress address) {
    byte[] mine = base.getAddress();
    byte[] other = address.getAddress();
    if (mine.length != other.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit++) {
      int mask = 0x80 >> (bit % Byte.SIZE);
      if ((mine[bit / Byte.SIZE] & mask) != (other[bit / Byte.SIZE] & mask)) {
        return false;
      }
    }
    return true;
  }
}
