package io.intrahub.upstream.net;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import javax.net.ssl.SSLException;

/** Says in words why a call failed, as the end of a sentence about a host. */
public final class ConnectionErrors {
  private ConnectionErrors() {}

  /**
   * Whether upstream, or a name server on the way to it, has been silent for so long that a client
   * gains nothing by asking again at once.
   */
  public static boolean isOfSilence(IOException e) {
    return e instanceof HttpTransport.SilenceException || e instanceof BoundedDns.NoAnswerException;
  }

  /** What an exception means, without addresses: they may hold a signature. */
  public static String describe(IOException e) {
    return switch (e) {
      case NetworkSetupException setup -> String.valueOf(setup.getMessage());
      case BoundedDns.NoAnswerException _ ->
          "its name can't be resolved, because no name server answered in time";
      case UnknownHostException _ -> "its name can't be resolved";
      case ConnectException _ -> "the connection was refused";
      case SocketTimeoutException _ -> "it did not answer in time";
      case SSLException _ -> "TLS failed: " + e.getMessage();
      case HttpTransport.FirstByteTimeoutException _ -> String.valueOf(e.getMessage());
      case HttpTransport.SilenceException _ -> String.valueOf(e.getMessage());
      default -> {
        String text = String.valueOf(e.getMessage());
        yield "the connection broke" + (text.contains("://") ? "" : ": " + text);
      }
    };
  }
}
