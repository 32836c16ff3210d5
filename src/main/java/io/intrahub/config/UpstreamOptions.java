package io.intrahub.config;

import static io.intrahub.config.ValueType.ADDRESS;
import static io.intrahub.config.ValueType.DURATION;
import static io.intrahub.config.ValueType.FILE;
import static io.intrahub.config.ValueType.PROXY;
import static io.intrahub.config.ValueType.SERVERS;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** How upstream is reached. */
public record UpstreamOptions(
    @Setting(
            type = ADDRESS,
            byDefault = "https://huggingface.co",
            flag = "--upstream",
            doc =
                "Addresses of the Hub in the order of preference. The first gets the clients'"
                    + " tokens and decides who may read what; the others are asked without a"
                    + " token when it fails.")
        List<URI> endpoints,
    @Setting(
            type = DURATION,
            byDefault = "5s",
            min = "1ms",
            doc = "How long a connection may take to stand.")
        Duration connectTimeout,
    @Setting(
            type = DURATION,
            byDefault = "20s",
            min = "1ms",
            doc = "How long an answer may take to begin.")
        Duration firstByteTimeout,
    @Setting(
            type = DURATION,
            byDefault = "30s",
            min = "1ms",
            doc =
                "How long an answer may pause before the connection is given up. There is no"
                    + " limit for a whole file.")
        Duration stallTimeout,
    @Setting(
            type = DURATION,
            byDefault = "60s",
            min = "1ms",
            doc =
                "How long upstream may take for a whole answer of the API, listings and repo info"
                    + " included. Each 64 KiB that arrived add a second, so that a large answer"
                    + " may come over a slow link.")
        Duration answerTimeout,
    @Setting(
            type = DURATION,
            byDefault = "100ms",
            doc =
                "The pause before a call is tried a second time, at most; it doubles with each"
                    + " further one. A call is tried five times.")
        Duration retryPause,
    @Setting(
            type = PROXY,
            byDefault = "environment",
            doc =
                "The HTTP proxy on the way to upstream: `http://proxy.example:3128`, with"
                    + " `user:password@` in front of the host if it wants them (what is special in"
                    + " an address percent-encoded); `https://` if the proxy itself is reached"
                    + " over TLS. `environment` takes what `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`"
                    + " and `NO_PROXY` say, `none` reads none of them.")
        ProxyChoice proxy,
    @Setting(
            type = SERVERS,
            byDefault = "",
            doc =
                "Servers that are reached without the proxy, in the forms of `NO_PROXY`: `*`;"
                    + " `hub.example`, which means all below it too; `10.0.0.0/8`, for hosts"
                    + " written as addresses; with `:8080` for that port only.")
        List<String> noProxy,
    @Setting(
            type = FILE,
            byDefault = "",
            doc =
                "Files with the certificates of authorities that are believed in addition to those"
                    + " that Java knows, in PEM. What a network that looks into TLS needs.")
        List<Path> caFiles,
    @Setting(
            type = FILE,
            byDefault = "",
            doc =
                "A PKCS #12 file with a certificate and its key, shown to the endpoints and the"
                    + " proxy if they ask who the mirror is.")
        Optional<Path> clientCertificate,
    @Setting(
            type = FILE,
            byDefault = "",
            doc = "A file that holds the password of `client-certificate` and nothing else.")
        Optional<Path> clientCertificatePasswordFile) {
  /** Takes copies of the lists. */
  public UpstreamOptions {
    endpoints = List.copyOf(endpoints);
    noProxy = List.copyOf(noProxy);
    caFiles = List.copyOf(caFiles);
  }
}
