package io.intrahub.upstream.net;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.security.auth.x500.X500Principal;

/** A chain of certificates that was not accepted, with its issuer: the JDK tells only why. */
final class RejectedCertificateException extends CertificateException {
  private static final long serialVersionUID = 1L;

  private final transient Optional<X500Principal> issuer;

  /**
   * Makes one.
   *
   * @param chain as the server sent it, its own certificate first
   */
  RejectedCertificateException(X509Certificate[] chain, CertificateException cause) {
    super(cause.getMessage(), cause);
    this.issuer =
        chain.length == 0
            ? Optional.empty()
            : Optional.of(chain[chain.length - 1].getIssuerX500Principal());
  }

  /** Who signed the last certificate of the chain. */
  Optional<X500Principal> issuer() {
    return issuer;
  }
}
