package io.intrahub.config;

import static io.intrahub.config.ValueType.DURATION;
import static io.intrahub.config.ValueType.NUMBER;
import static io.intrahub.config.ValueType.SIZE;

import java.time.Duration;

/** How files are fetched. */
public record TransferOptions(
    @Setting(
            type = DURATION,
            byDefault = "8s",
            min = "1ms",
            doc =
                "How long a client waits for the first byte of a file. After that, the response"
                    + " headers are sent at once and the bytes follow as they arrive.")
        Duration openTimeout,
    @Setting(
            type = DURATION,
            byDefault = "3s",
            doc =
                "How long the response headers of a small file (1 MiB or less) are held back until"
                    + " its bytes are verified, so that wrong bytes lead to a proper error. After that, the"
                    + " file is streamed like a large one, and wrong bytes break off the response.")
        Duration checkTimeout,
    @Setting(
            type = DURATION,
            byDefault = "10s",
            doc =
                "How long a transfer continues after its last reader has left, before the mirror decides"
                    + " whether to finish or pause it (see `finish-if-left`).")
        Duration abandonAfter,
    @Setting(
            type = SIZE,
            byDefault = "64MiB",
            doc =
                "Once `abandon-after` is over, a transfer without readers is completed if a reader wanted"
                    + " the whole file, it needs no client's token, and at most this much is missing or a"
                    + " quarter has arrived; otherwise it pauses.")
        DataSize finishIfLeft,
    @Setting(
            type = NUMBER,
            byDefault = "5",
            min = "1",
            max = "1000",
            doc =
                "The number of consecutive connections without progress after which a transfer fails.")
        int tries,
    @Setting(
            type = DURATION,
            byDefault = "200ms",
            doc = "The pause before the second try; it grows with each further try.")
        Duration retryPause,
    @Setting(
            type = NUMBER,
            byDefault = "4",
            min = "1",
            max = "64",
            doc =
                "Limits the connections that download one large file. A transfer starts with one and"
                    + " adds more as long as each increases the rate.")
        int connectionsPerFile,
    @Setting(
            type = NUMBER,
            byDefault = "32",
            min = "1",
            max = "1000",
            doc =
                "Limits the connections to one host that serves files. Additional downloads wait,"
                    + " small files first; a quarter of the connections is reserved for small files.")
        int connectionsPerHost,
    @Setting(
            type = NUMBER,
            byDefault = "32",
            min = "1",
            max = "1000",
            doc =
                "Limits the number of large files downloading at the same time. Additional files"
                    + " wait, and each gets its turn when a connection of another file has finished its"
                    + " part.")
        int filesAtOnce,
    @Setting(
            type = SIZE,
            byDefault = "0",
            doc =
                "Limits the rate, in bytes per second, at which files are downloaded from upstream."
                    + " `0` means no limit; what is fetched ahead (`new-commits.warm-limit`) gives way"
                    + " to clients all the same.")
        DataSize maxRate,
    @Setting(
            type = NUMBER,
            byDefault = "128",
            min = "4",
            max = "10000",
            doc =
                "Limits the number of files that stream from upstream to a client without being"
                    + " stored, at the same time. One client may use at most three quarters. Additional"
                    + " streams wait for two seconds and are then refused with 503.")
        int passthroughStreams) {}
