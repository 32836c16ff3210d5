package io.intrahub.upstream.net;

import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.security.auth.x500.X500Principal;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * A call failed for a reason that the operator can do something about: a proxy or a certificate.
 * The message says what, and never holds a credential or the query of an address.
 */
public final class NetworkSetupException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Characters of an issuer's name that are shown: it is the peer's text. */
  private static final int MAX_ISSUER = 100;

  /** How long the problem may last. */
  enum Persistence {
    /** It is worth trying again at once. */
    MOMENT,
    /** Until something changes out there. */
    UNKNOWN,
    /** Until the operator does what the message says. */
    UNTIL_MENDED
  }

  private final Persistence persistence;

  private NetworkSetupException(
      String message, Persistence persistence, @Nullable Throwable cause) {
    super(message, cause);
    this.persistence = persistence;
  }

  /** Whether it is worth trying again at once. */
  public boolean isTransient() {
    return persistence == Persistence.MOMENT;
  }

  /** Whether it lasts until the operator does what the message says. */
  public boolean needsOperator() {
    return persistence == Persistence.UNTIL_MENDED;
  }

  /** The proxy asks for credentials, or for others (RFC 9110 section 15.5.8). */
  static NetworkSetupException credentials(HttpProxy proxy, String challenges) {
    String text;
    if (!challenges.isEmpty() && !challenges.toLowerCase(Locale.ROOT).contains("basic")) {
      text = "requires " + challenges + " (407), but intrahub supports only Basic";
    } else if (proxy.credentials().isPresent()) {
      text = "rejects the user or the password (407); correct them in upstream.proxy";
    } else {
      text = "requires a user and a password (407); add them to its address in upstream.proxy";
    }
    return new NetworkSetupException(
        "the proxy " + proxy.address() + " " + text, Persistence.UNTIL_MENDED, null);
  }

  /**
   * What an exception of a call means.
   *
   * @param proxy the one that was on the way
   * @return the exception itself if there is nothing to add
   */
  static IOException explain(IOException e, HttpUrl url, Optional<HttpProxy> proxy) {
    if (e instanceof NetworkSetupException) {
      return e;
    }
    if (e instanceof SSLException tls) {
      return certificate(tls, url.host(), proxy).map(IOException.class::cast).orElse(e);
    }
    return proxy.<IOException>flatMap(p -> ofProxy(e, url, p)).orElse(e);
  }

  private static Optional<NetworkSetupException> ofProxy(
      IOException e, HttpUrl url, HttpProxy proxy) {
    String name = "the proxy " + proxy.address();
    String what =
        switch (e) {
          case BoundedDns.NoAnswerException _ ->
              name + " has a host name for which no name server answered in time";
          case UnknownHostException _ -> name + " has a host name that can't be resolved";
          case ConnectException _ -> name + " refuses connections";
          case NoRouteToHostException _ -> name + " can't be reached";
          case SocketTimeoutException _ -> name + " did not answer in time";
          default -> tunnel(e, url, name);
        };
    if (what.isEmpty()) {
      return Optional.empty();
    }
    // A proxy that lacks the way for the moment says so with 502 to 504.
    boolean mayPass = what.matches(".*\\(5\\d\\d\\)");
    return Optional.of(
        new NetworkSetupException(what, mayPass ? Persistence.MOMENT : Persistence.UNKNOWN, e));
  }

  /** OkHttp 5.5 has only a text for an answer to CONNECT that is neither 200 nor 407. */
  private static String tunnel(IOException e, HttpUrl url, String name) {
    String prefix = "Unexpected response code for CONNECT: ";
    String text = String.valueOf(e.getMessage());
    return text.startsWith(prefix)
        ? "%s would not connect to %s:%d (%s)"
            .formatted(name, url.host(), url.port(), text.substring(prefix.length()))
        : "";
  }

  private static Optional<NetworkSetupException> certificate(
      SSLException e, String host, Optional<HttpProxy> proxy) {
    String whose = "the certificate of " + host;
    if (proxy.filter(HttpProxy::tls).isPresent()) {
      whose += " or of the proxy";
    }
    if (e instanceof SSLPeerUnverifiedException) {
      return lasting(whose + " was issued for another name", e);
    }
    Optional<X500Principal> issuer = Optional.empty();
    for (Throwable t = e; t != null; t = t.getCause()) {
      switch (t) {
        case RejectedCertificateException rejected -> issuer = rejected.issuer();
        case CertificateExpiredException _ -> {
          return lasting(whose + " has expired", e);
        }
        case CertificateNotYetValidException _ -> {
          return mendable(whose + " is not valid yet; check the clock of the mirror", e);
        }
        case CertPathBuilderException _, CertPathValidatorException _ -> {
          if (t.getCause() == null) {
            return mendable(whose + untrusted(issuer), e);
          }
        }
        default -> {}
      }
      String text = String.valueOf(t.getMessage());
      if (text.startsWith("No name matching") || text.startsWith("No subject alternative")) {
        return lasting(whose + " was issued for another name", e);
      }
      if (text.contains("certificate_required") || text.contains("bad_certificate")) {
        return mendable(
            host
                + " requires a client certificate, or a different one; set upstream.client-certificate",
            e);
      }
    }
    return Optional.empty();
  }

  private static String untrusted(Optional<X500Principal> issuer) {
    String by =
        issuer
            .map(X500Principal::getName)
            .map(name -> name.replaceAll("[^ -~]", "?"))
            .map(name -> name.length() > MAX_ISSUER ? name.substring(0, MAX_ISSUER) + "..." : name)
            .map(name -> " is issued by \"" + name + "\", which is not trusted here")
            .orElse(" is issued by nobody that is trusted here");
    return by
        + "; if your network inspects TLS, name the file with its CA certificate in"
        + " upstream.ca-files";
  }

  private static Optional<NetworkSetupException> lasting(String message, Throwable cause) {
    return Optional.of(new NetworkSetupException(message, Persistence.UNKNOWN, cause));
  }

  private static Optional<NetworkSetupException> mendable(String message, Throwable cause) {
    return Optional.of(new NetworkSetupException(message, Persistence.UNTIL_MENDED, cause));
  }
}
