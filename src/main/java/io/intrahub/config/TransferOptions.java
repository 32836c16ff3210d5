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
                "How long a client waits for the first byte of a file. Then the head of its answer"
                    + " goes out, and the bytes when they come.")
        Duration openTimeout,
    @Setting(
            type = DURATION,
            byDefault = "3s",
            doc =
                "How long the head of a small file (1 MiB or less) waits for the check of its"
                    + " bytes, so that a wrong one is a clean error. After that they go out like"
                    + " those of a large one, and a wrong one is broken off.")
        Duration checkTimeout,
    @Setting(
            type = DURATION,
            byDefault = "10s",
            doc = "How long fetching goes on after the last client has gone.")
        Duration abandonAfter,
    @Setting(
            type = SIZE,
            byDefault = "64MiB",
            doc = "A file is fetched to its end all the same if no more than this is missing.")
        DataSize finishIfLeft,
    @Setting(
            type = NUMBER,
            byDefault = "5",
            min = "1",
            max = "1000",
            doc = "Connections in a row that may bring nothing before fetching is given up.")
        int tries,
    @Setting(
            type = DURATION,
            byDefault = "200ms",
            doc = "The pause before the second try; it grows with each further one.")
        Duration retryPause,
    @Setting(
            type = NUMBER,
            byDefault = "4",
            min = "1",
            max = "64",
            doc =
                "Connections that fetch one large file, at most. It begins with one, and another"
                    + " is made for as long as each makes it faster.")
        int connectionsPerFile,
    @Setting(
            type = NUMBER,
            byDefault = "32",
            min = "1",
            max = "1000",
            doc =
                "Connections to one host that files come from, at most. What comes then waits in"
                    + " line, small files first; a quarter is for these alone.")
        int connectionsPerHost,
    @Setting(
            type = NUMBER,
            byDefault = "32",
            min = "1",
            max = "1000",
            doc =
                "Large files that are fetched at the same time, at most. Of those that come then"
                    + " each gets its turn when a connection of another has done its part.")
        int filesAtOnce,
    @Setting(
            type = SIZE,
            byDefault = "0",
            doc =
                "Bytes of files per second that are fetched from upstream, at most; 0 for no"
                    + " limit.")
        DataSize maxRate,
    @Setting(
            type = NUMBER,
            byDefault = "128",
            min = "4",
            max = "10000",
            doc =
                "Files that go straight from upstream to one client and are not kept, at the same"
                    + " time. One client gets three quarters of them at most. Further ones wait"
                    + " for two seconds, and are then refused with 503.")
        int passthroughStreams) {}
