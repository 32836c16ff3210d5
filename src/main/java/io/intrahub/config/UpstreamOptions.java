package io.intrahub.config;

import static io.intrahub.config.ValueType.DURATION;
import static io.intrahub.config.ValueType.ENDPOINT;
import static io.intrahub.config.ValueType.FILE;
import static io.intrahub.config.ValueType.PROXY;
import static io.intrahub.config.ValueType.SERVERS;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Endpoints of upstream, and how to reach them. */
public record UpstreamOptions(
    @Setting(
            type = ENDPOINT,
            byDefault = "https://huggingface.co",
            flag = "--upstream",
            doc =
                "Base addresses of the Hub and its mirrors, in order of preference: a call goes to the"
                    + " next one when one fails. Tokens are sent to `https://huggingface.co` only, and"
                    + " to an endpoint written as `https://hub.example#send-tokens`. Endpoints that"
                    + " receive tokens decide who may read what; if there are none, the first endpoint"
                    + " decides, and only public repos are served. In the file, an element may be"
                    + " `{url: https://hub.example, send-tokens: true, authoritative: false}`.")
        List<EndpointOptions> endpoints,
    @Setting(
            type = ENDPOINT,
            byDefault = "",
            doc =
                "Address of the Hub's dataset viewer, which answers requests for the host"
                    + " `datasets-server.NAME` of this mirror. By default it is derived as clients do,"
                    + " from the first endpoint that decides who may read what:"
                    + " `https://datasets-server.huggingface.co`. There is none if that endpoint has an"
                    + " IP address. It receives tokens if it is the Hub's own, or if it is given here"
                    + " and ends in `#send-tokens`.")
        Optional<EndpointOptions> datasetViewer,
    @Setting(
            type = DURATION,
            byDefault = "5s",
            min = "1ms",
            doc = "How long connecting to a host may take.")
        Duration connectTimeout,
    @Setting(
            type = DURATION,
            byDefault = "20s",
            min = "1ms",
            doc = "How long upstream may take to begin its answer.")
        Duration firstByteTimeout,
    @Setting(
            type = DURATION,
            byDefault = "5s",
            min = "1ms",
            doc =
                "How long upstream may answer nothing at all before the calls that wait for it are"
                    + " given up and their clients get an error. Before that, one more small call finds"
                    + " out whether upstream is there and only slow. Raise it for a connection on which"
                    + " every answer takes longer; most clients wait for 10 seconds.")
        Duration silenceTimeout,
    @Setting(
            type = DURATION,
            byDefault = "30s",
            min = "1ms",
            doc =
                "How long an answer may pause before the connection is closed. The total time for a"
                    + " file is not limited.")
        Duration stallTimeout,
    @Setting(
            type = DURATION,
            byDefault = "60s",
            min = "1ms",
            doc =
                "How long upstream may take for a complete API answer, such as a listing or repo"
                    + " info. Each 64 KiB received extends the limit by one second, so that a large answer"
                    + " can arrive over a slow connection.")
        Duration answerTimeout,
    @Setting(
            type = DURATION,
            byDefault = "100ms",
            doc =
                "The longest pause before the second attempt of a call; it doubles with each further"
                    + " attempt. A call is attempted at most five times.")
        Duration retryPause,
    @Setting(
            type = PROXY,
            byDefault = "environment",
            doc =
                "Proxy settings. `environment` uses HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY;"
                    + " `none` ignores them. An address such as `http://user:password@proxy.example:3128`"
                    + " names the proxy; percent-encode special characters in the user and the password, and"
                    + " use `https://` if the proxy itself is reached over TLS.")
        ProxyChoice proxy,
    @Setting(
            type = SERVERS,
            byDefault = "",
            doc =
                "Servers that are reached without the proxy, in the forms of `NO_PROXY`: `*`;"
                    + " `hub.example`, which includes its subdomains; `10.0.0.0/8`, for hosts given as"
                    + " addresses; with `:8080` for that port only.")
        List<String> noProxy,
    @Setting(
            type = FILE,
            byDefault = "",
            doc =
                "PEM files with CA certificates that are trusted in addition to those of Java. Needed in"
                    + " networks that inspect TLS.")
        List<Path> caFiles,
    @Setting(
            type = FILE,
            byDefault = "",
            doc =
                "A PKCS #12 file with the client certificate and its key, presented to endpoints and"
                    + " the proxy when they request one.")
        Optional<Path> clientCertificate,
    @Setting(
            type = FILE,
            byDefault = "",
            doc = "A file that contains only the password of `client-certificate`.")
        Optional<Path> clientCertificatePasswordFile) {
  /** Takes copies of the lists. */
  public UpstreamOptions {
    endpoints = List.copyOf(endpoints);
    noProxy = List.copyOf(noProxy);
    caFiles = List.copyOf(caFiles);
  }
}
