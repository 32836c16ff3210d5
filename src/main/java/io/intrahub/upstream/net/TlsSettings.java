package io.intrahub.upstream.net;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * The CA certificates that upstream's certificates may be signed by, and the mirror's own
 * certificate if upstream asks for one. There is no way to switch checks off: a mirror that takes
 * anything from anybody hands it on to everybody.
 *
 * @param trustAnchors CA certificates in addition to those that the JVM trusts; option {@code
 *     upstream.ca-files}
 * @param identity the client certificate with its key; shown to the configured endpoints and the
 *     proxy only
 */
public record TlsSettings(
    List<X509Certificate> trustAnchors, Optional<X509ExtendedKeyManager> identity) {
  /** What the JVM trusts, and no client certificate. */
  public static final TlsSettings JVM = new TlsSettings(List.of(), Optional.empty());

  /** Takes a copy of the list. */
  public TlsSettings {
    trustAnchors = List.copyOf(trustAnchors);
  }

  /**
   * Reads the files.
   *
   * @param caFiles each with one or more CA certificates, in PEM or DER
   * @param identity a PKCS #12 file with a certificate and its key
   * @param password a file with the password of {@code identity}; line ends at its end don't count.
   *     If empty, there is no password
   * @throws IOException with a message for the operator: which file, and what is wrong with it
   */
  public static TlsSettings read(
      List<Path> caFiles, Optional<Path> identity, Optional<Path> password) throws IOException {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Path file : caFiles) {
      certificates.addAll(certificates(file));
    }
    if (identity.isEmpty()) {
      return new TlsSettings(certificates, Optional.empty());
    }
    char[] secret = password.isPresent() ? secret(password.get()) : new char[0];
    return new TlsSettings(certificates, Optional.of(keyManager(identity.get(), secret)));
  }

  private static List<X509Certificate> certificates(Path file) throws IOException {
    try (InputStream in = new BufferedInputStream(open(file))) {
      List<X509Certificate> found =
          CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (found.isEmpty()) {
        throw new IOException(
            file + " contains no certificate; a PEM certificate begins with -----BEGIN");
      }
      return found;
    } catch (CertificateException e) {
      throw new IOException(file + " is not a file of certificates: " + e.getMessage(), e);
    }
  }

  private static X509ExtendedKeyManager keyManager(Path file, char[] secret) throws IOException {
    try (InputStream in = open(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(in, secret);
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(store, secret);
      boolean hasKey = false;
      for (String alias : Collections.list(store.aliases())) {
        hasKey |= store.isKeyEntry(alias);
      }
      if (!hasKey) {
        throw new IOException(file + " contains no private key, which a client certificate needs");
      }
      return Arrays.stream(factory.getKeyManagers())
          .filter(X509ExtendedKeyManager.class::isInstance)
          .map(X509ExtendedKeyManager.class::cast)
          .findFirst()
          .orElseThrow(() -> new IOException(file + " cannot be used by this JVM"));
    } catch (GeneralSecurityException e) {
      throw new IOException(file + " cannot be read as PKCS #12: " + e.getMessage(), e);
    } catch (IOException e) {
      // The JDK's own message for a wrong password does not say of which file.
      boolean ours = String.valueOf(e.getMessage()).startsWith(file.toString());
      throw ours ? e : new IOException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static char[] secret(Path file) throws IOException {
    try (InputStream in = open(file)) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.replaceFirst("[\\r\\n]+$", "").toCharArray();
    }
  }

  private static InputStream open(Path file) throws IOException {
    try {
      if (Files.isDirectory(file)) {
        throw new IOException(file + " is a folder");
      }
      return Files.newInputStream(file);
    } catch (NoSuchFileException e) {
      throw new IOException(file + " does not exist", e);
    } catch (AccessDeniedException e) {
      throw new IOException(file + " is not readable for the user that runs intrahub", e);
    }
  }
}
