package io.intrahub.testing;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/**
 * Resolves names in the tests' own process: like the system, but for names below {@value #SILENT}
 * no name server ever answers. The JVM finds it by its entry in {@code META-INF/services}.
 */
public final class SilentNames extends InetAddressResolverProvider {
  /** The end of names for which no answer comes. */
  public static final String SILENT = ".silent.test";

  private static final CountDownLatch NEVER = new CountDownLatch(1);

  /** For the JVM. */
  public SilentNames() {}

  @Override
  public InetAddressResolver get(Configuration configuration) {
    InetAddressResolver system = configuration.builtinResolver();
    return new InetAddressResolver() {
      @Override
      public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
          throws UnknownHostException {
        if (host.endsWith(SILENT)) {
          waitForEver();
        }
        return system.lookupByName(host, policy);
      }

      @Override
      public String lookupByAddress(byte[] address) throws UnknownHostException {
        return system.lookupByAddress(address);
      }
    };
  }

  /** As the C library does: an interrupt does not end it. */
  private static void waitForEver() {
    while (true) {
      try {
        NEVER.await();
      } catch (InterruptedException ignored) {
        continue;
      }
    }
  }

  @Override
  public String name() {
    return "silent";
  }
}
