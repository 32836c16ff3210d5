package io.intrahub.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.instrument.Instrumentation;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * An agent for a process that must not talk to anybody but its clients: it refuses each new {@link
 * Socket} and each look-up of a name, and writes them to a file. Sockets that the process accepts
 * are made in another way.
 */
public final class NoConnections {
  private static volatile Path report = Path.of("connections");

  private NoConnections() {}

  /**
   * Returns the options for a JVM with this agent.
   *
   * @param folder for the agent's own files
   */
  public static List<String> options(Path folder) throws IOException {
    Path jar = folder.resolve("no-connections.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", NoConnections.class.getName());
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
      for (Class<?> each : List.of(NoConnections.class, Names.class, Refusing.class)) {
        String name = each.getName().replace('.', '/') + ".class";
        out.putNextEntry(new JarEntry(name));
        try (InputStream in = each.getClassLoader().getResourceAsStream(name)) {
          in.transferTo(out);
        }
      }
      out.putNextEntry(
          new JarEntry("META-INF/services/" + InetAddressResolverProvider.class.getName()));
      out.write(Names.class.getName().getBytes(StandardCharsets.UTF_8));
    }
    return List.of("-javaagent:" + jar + "=" + report(folder));
  }

  private static Path report(Path folder) {
    return folder.resolve("connections");
  }

  /** Returns what was refused so far, a line each. */
  public static List<String> refused(Path folder) throws IOException {
    return Files.exists(report(folder)) ? Files.readAllLines(report(folder)) : List.of();
  }

  /** For the JVM. */
  @SuppressWarnings("deprecation")
  public static void premain(String file, Instrumentation ignored) throws IOException {
    report = Path.of(file);
    Socket.setSocketImplFactory(() -> {
      note("a socket was opened");
      throw new UncheckedIOException(new IOException("no connections in this test"));
    });
  }

  private static synchronized void note(String what) {
    try {
      Files.writeString(report, what + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Refuses to look up names. */
  public static final class Names extends InetAddressResolverProvider {
    /** For the JVM. */
    public Names() {}

    @Override
    public InetAddressResolver get(Configuration configuration) {
      return new Refusing();
    }

    @Override
    public String name() {
      return "none";
    }
  }

  private static final class Refusing implements InetAddressResolver {
    @Override
    public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
        throws UnknownHostException {
      note("the name " + host + " was looked up");
      throw new UnknownHostException(host);
    }

    @Override
    public String lookupByAddress(byte[] address) throws UnknownHostException {
      note("an address was looked up");
      throw new UnknownHostException("an address");
    }
  }
}
