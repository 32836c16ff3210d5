package io.intrahub.upstream.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Set;
import javax.net.SocketFactory;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Makes encrypted sockets for what {@link TlsSettings} says. */
final class TlsSockets {
  private final SSLContext context;
  private final X509TrustManager trust;

  /**
   * Prepares it.
   *
   * @param mayAsk hosts that may see who we are: lower case, IPv6 without brackets
   */
  TlsSockets(TlsSettings settings, Set<String> mayAsk) {
    try {
      trust = new IssuerNamingTrustManager(trustManager(settings));
      context = SSLContext.getInstance("TLS");
      KeyManager[] keys =
          settings.identity().stream()
              .map(k -> new KnownHostsOnly(k, mayAsk))
              .toArray(KeyManager[]::new);
      context.init(keys, new TrustManager[] {trust}, null);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this JVM has no TLS", e);
    }
  }

  X509TrustManager trust() {
    return trust;
  }

  SSLSocketFactory sockets() {
    return context.getSocketFactory();
  }

  /** For connections to a proxy that is itself reached over TLS. */
  SocketFactory socketsToProxy() {
    return new ProxySockets(context.getSocketFactory());
  }

  private static X509ExtendedTrustManager trustManager(TlsSettings settings)
      throws GeneralSecurityException, IOException {
    X509ExtendedTrustManager jvm = trustManager((KeyStore) null);
    if (settings.trustAnchors().isEmpty()) {
      return jvm;
    }
    // One store with both: a path may begin with an intermediate of theirs and end at one of ours.
    KeyStore all = KeyStore.getInstance(KeyStore.getDefaultType());
    all.load(null, null);
    int n = 0;
    for (X509Certificate certificate : jvm.getAcceptedIssuers()) {
      all.setCertificateEntry("jvm-" + n++, certificate);
    }
    for (X509Certificate certificate : settings.trustAnchors()) {
      all.setCertificateEntry("own-" + n++, certificate);
    }
    return trustManager(all);
  }

  private static X509ExtendedTrustManager trustManager(@Nullable KeyStore store)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return Arrays.stream(factory.getTrustManagers())
        .filter(X509ExtendedTrustManager.class::isInstance)
        .map(X509ExtendedTrustManager.class::cast)
        .findFirst()
        .orElseThrow(() -> new GeneralSecurityException("no X.509 trust manager"));
  }

  /**
   * Gives the client certificate to known hosts only: any server that a redirect leads to may ask
   * for one, and would learn from it who we are.
   */
  private static final class KnownHostsOnly extends X509ExtendedKeyManager {
    private final X509ExtendedKeyManager keys;
    private final Set<String> hosts;

    KnownHostsOnly(X509ExtendedKeyManager keys, Set<String> hosts) {
      this.keys = keys;
      this.hosts = Set.copyOf(hosts);
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
      boolean known =
          socket instanceof SSLSocket tls
              && tls.getHandshakeSession() != null
              && hosts.contains(String.valueOf(tls.getHandshakeSession().getPeerHost()));
      return known ? keys.chooseClientAlias(keyTypes, issuers, socket) : null;
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
      return keys.getClientAliases(keyType, issuers);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
      return keys.getCertificateChain(alias);
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
      return keys.getPrivateKey(alias);
    }
  }

  /**
   * OkHttp speaks plainly to a proxy. These sockets look plain to it and are encrypted; the
   * handshake happens with the first bytes, and checks the name of the proxy.
   */
  private static final class ProxySockets extends SocketFactory {
    private final SSLSocketFactory factory;

    ProxySockets(SSLSocketFactory factory) {
      this.factory = factory;
    }

    @Override
    public Socket createSocket() throws IOException {
      SSLSocket socket = (SSLSocket) factory.createSocket();
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      return socket;
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException("sockets are connected later");
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException("sockets are connected later");
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException("sockets are connected later");
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException("sockets are connected later");
    }
  }
}
