package io.intrahub.config;

import static io.intrahub.config.ValueType.DURATION;
import static io.intrahub.config.ValueType.HOST;
import static io.intrahub.config.ValueType.NETWORK;
import static io.intrahub.config.ValueType.NUMBER;

import java.time.Duration;
import java.util.List;

/** Where clients are served. */
public record ServerOptions(
    @Setting(
            type = HOST,
            byDefault = "0.0.0.0",
            flag = "--host",
            doc = "Address to listen on; `0.0.0.0` is every one that the machine has.")
        String host,
    @Setting(
            type = NUMBER,
            byDefault = "8090",
            min = "0",
            max = "65535",
            flag = "--port",
            doc = "Port to listen on; `0` takes any free one.")
        int port,
    @Setting(
            type = DURATION,
            byDefault = "20s",
            min = "1ms",
            doc =
                "How long the whole body of a request may take to arrive. A client that is"
                    + " slower gets a 408.")
        Duration bodyTimeout,
    @Setting(
            type = NUMBER,
            byDefault = "10000",
            min = "1",
            doc =
                "Connections of all clients together. A further one is answered with 503 and"
                    + " closed.")
        int connections,
    @Setting(
            type = NETWORK,
            byDefault = "",
            doc =
                "Addresses of the proxies in front of the mirror. Of a request that comes from one"
                    + " of them, the right-most address in `X-Forwarded-For` that is not a proxy's"
                    + " is taken as the client's; no other `X-Forwarded-For` is believed.")
        List<String> trustedProxies) {
  /** Takes a copy of the list. */
  public ServerOptions {
    trustedProxies = List.copyOf(trustedProxies);
  }
}
