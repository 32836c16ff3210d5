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
import okhttp3.HttpUrl;

/**
 * A call failed for a reason that the operator can do something about: a proxy or a certificate.
 * The message says what, and never holds a credential or the query of an address.
 */
public final class NetworkSetupException extends IOException {
  private static final long serialVersionUID = 1L;

  private final boolean isTransient;

  /**
   * Makes one.
   *
   * @param message goes on after "upstream could not be asked:"
   * @param mayPass whether it is worth trying again at once
   */
  NetworkSetupException(String message, boolean mayPass, Throwable cause) {
    super(message, cause);
    this.isTransient = mayPass;
  }

  /** One that no other exception told of, and that does not pass. */
  private NetworkSetupException(String message) {
    super(message);
    this.isTransient = false;
  }

  /** Whether it is worth trying again at once. */
  public boolean isTransient() {
    return isTransient;
  }

  /** The proxy asks for credentials, or for others (RFC 9110 section 15.5.8). */
  static NetworkSetupException credentials(HttpProxy proxy, String challenges) {
    String text;
    if (!challenges.isEmpty() && !challenges.toLowerCase(Locale.ROOT).contains("basic")) {
      text = "requires " + challenges + " (407), but intrahub supports only Basic";
    } else if (proxy.credentials().isPresent()) {
      text = "rejects the user or the password (407); correct them in its address";
    } else {
      text = "requires a user and a password (407); add them to its address in upstream.proxy";
    }
    return new NetworkSetupException("the proxy " + proxy.address() + " " + text);
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
      return certificate(tls, url.host(), proxy)
          .<IOException>map(text -> new NetworkSetupException(text, false, e))
          .orElse(e);
    }
    return proxy.<IOException>flatMap(p -> ofProxy(e, url, p)).orElse(e);
  }

  private static Optional<NetworkSetupException> ofProxy(
      IOException e, HttpUrl url, HttpProxy proxy) {
    String name = "the proxy " + proxy.address();
    String what =
        switch (e) {
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
    return Optional.of(new NetworkSetupException(what, mayPass, e));
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

  private static Optional<String> certificate(
      SSLException e, String host, Optional<HttpProxy> proxy) {
    String whose = "the certificate of " + host;
    if (proxy.filter(HttpProxy::tls).isPresent()) {
      whose += " or of the proxy";
    }
    if (e instanceof SSLPeerUnverifiedException) {
      return Optional.of(whose + " was issued for another name");
    }
    for (Throwable t = e; t != null; t = t.getCause()) {
      switch (t) {
        case CertificateExpiredException _ -> {
          return Optional.of(whose + " has expired");
        }
        case CertificateNotYetValidException _ -> {
          return Optional.of(whose + " is not valid yet; check the clock of the mirror");
        }
        case CertPathBuilderException _, CertPathValidatorException _ -> {
          if (t.getCause() == null) {
            return Optional.of(
                whose
                    + " is not signed by a trusted authority; if your network has a certificate authority"
                    + " of its own, name its file in upstream.ca-files");
          }
        }
        default -> {}
      }
      String text = String.valueOf(t.getMessage());
      if (text.startsWith("No name matching") || text.startsWith("No subject alternative")) {
        return Optional.of(whose + " was issued for another name");
      }
      if (text.contains("certificate_required") || text.contains("bad_certificate")) {
        return Optional.of(
            host
                + " requires a client certificate, or a different one; set upstream.client-certificate");
      }
    }
    return Optional.empty();
  }
}
