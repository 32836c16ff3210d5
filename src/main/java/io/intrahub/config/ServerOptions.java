package io.intrahub.config;

import static io.intrahub.config.ValueType.DURATION;
import static io.intrahub.config.ValueType.HOST;
import static io.intrahub.config.ValueType.NETWORK;
import static io.intrahub.config.ValueType.NUMBER;

import java.time.Duration;
import java.util.List;

/** The clients' listener. */
public record ServerOptions(
    @Setting(
            type = HOST,
            byDefault = "0.0.0.0",
            flag = "--host",
            doc = "The address to listen on; `0.0.0.0` means all addresses of the machine.")
        String host,
    @Setting(
            type = NUMBER,
            byDefault = "8090",
            min = "0",
            max = "65535",
            flag = "--port",
            doc = "The port to listen on; `0` selects a free port.")
        int port,
    @Setting(
            type = DURATION,
            byDefault = "20s",
            min = "1ms",
            doc =
                "How long a complete request body may take to arrive. A slower client receives a 408.")
        Duration bodyTimeout,
    @Setting(
            type = NUMBER,
            byDefault = "10000",
            min = "1",
            doc =
                "Limits the connections of all clients together. The mirror answers an additional"
                    + " connection with 503 and closes it.")
        int connections,
    @Setting(
            type = NETWORK,
            byDefault = "",
            doc =
                "Addresses of the reverse proxies in front of the mirror. For a request from one of"
                    + " them, the client address is the right-most address in `X-Forwarded-For` that is not"
                    + " a trusted proxy, or the left-most if all are, and links to the mirror follow"
                    + " `X-Forwarded-Proto`, `-Host` and `-Prefix`. From any other sender these headers are"
                    + " ignored. The proxy must set or remove all four. Name the proxies only: whoever"
                    + " connects from one of these addresses, directly or through another of them, can"
                    + " pretend to be any client, also one that `access.rules` admit by its address.")
        List<String> trustedProxies) {
  /** Takes a copy of the list. */
  public ServerOptions {
    trustedProxies = List.copyOf(trustedProxies);
  }
}
