package io.intrahub.config;

import static io.intrahub.config.ValueType.CHOICE;
import static io.intrahub.config.ValueType.DURATION;
import static io.intrahub.config.ValueType.FOLDER;
import static io.intrahub.config.ValueType.HOST;
import static io.intrahub.config.ValueType.NUMBER;
import static io.intrahub.config.ValueType.SIZE;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * All options with their values. What each one means, its default and its limits stand in its
 * {@link Setting} and nowhere else: the loader, the reference page, the example file and the help
 * of the commands take them from there. A new option is a new component here.
 *
 * <p>The name of an option is the names of its components in kebab case with a dot between them:
 * {@code upstream.connectTimeout()} is {@code upstream.connect-timeout}.
 */
public record Config(
    @Setting(
            type = CHOICE,
            byDefault = "online",
            flag = "--offline",
            flagMeans = "offline",
            doc =
                "`offline` serves what is in the store and never asks upstream; what is missing is"
                    + " refused at once.")
        Mode mode,
    @Section("Where clients are served.") ServerOptions server,
    @Section("What one client may use, so that no client can keep the others out.") Clients clients,
    @Section("Where the operator's API and page are; keep it away from clients.") Admin admin,
    @Section("The folder that holds everything that was fetched.") Store store,
    @Section("Where files come from.") UpstreamOptions upstream,
    @Section("How long what was learned from upstream is believed.") Freshness freshness,
    @Section("When clients see the new commit of a branch that moved.") NewCommits newCommits,
    @Section("How long it is believed that everybody may read a repo.") Access access,
    @Section("How long a client waits for upstream.") Waits waits,
    @Section("Lists of the files of a commit.") Listings listings,
    @Section("Fetching the bytes of a file.") TransferOptions transfer,
    @Section("Limits of memory.") Memory memory) {

  /** The values that hold where nothing else is said. */
  public static Config defaults() {
    return Options.defaults();
  }

  /** Whether upstream may be asked. */
  public enum Mode {
    ONLINE,
    OFFLINE
  }

  /** What one client may use. */
  public record Clients(
      @Setting(
              type = NUMBER,
              byDefault = "2048",
              min = "1",
              doc =
                  "Connections of one address (of one /64 network with IPv6). A further one is"
                      + " answered with 429 and closed. Trusted proxies may have any number.")
          int connections,
      @Setting(
              type = NUMBER,
              byDefault = "1024",
              min = "1",
              doc =
                  "Requests that are being answered at the same time, of one address and of one"
                      + " token. A further one is answered with 429.")
          int requests,
      @Setting(
              type = NUMBER,
              byDefault = "300",
              min = "1",
              doc =
                  "Questions per minute, of one address and of one token, that the mirror has to"
                      + " pass on to the Hub because it does not know whether the thing exists. One"
                      + " more is answered with 429. Files that exist do not count.")
          int coldQuestions) {}

  /** Where the operator is served. */
  public record Admin(
      @Setting(
              type = HOST,
              byDefault = "127.0.0.1",
              flag = "--admin-host",
              doc = "Address to listen on. Whoever reaches it may do what the operator may.")
          String host,
      @Setting(
              type = NUMBER,
              byDefault = "8091",
              min = "0",
              max = "65535",
              flag = "--admin-port",
              doc = "Port to listen on; `0` takes any free one.")
          int port,
      @Setting(
              type = HOST,
              byDefault = "",
              doc =
                  "Host names by which the operator's listener may be called, beside `localhost`,"
                      + " `admin.host` and IP addresses. Requests for other names are refused,"
                      + " because a web page could have made them (DNS rebinding).")
          List<String> hosts) {
    /** Takes a copy of the list. */
    public Admin {
      hosts = List.copyOf(hosts);
    }
  }

  /** The folder of the store. */
  public record Store(
      @Setting(
              type = FOLDER,
              byDefault = "data",
              flag = "--data",
              doc =
                  "The folder; made if it is missing. If it does not begin with `/`, it is in the"
                      + " folder in which the mirror is started.")
          Path path,
      @Setting(
              type = SIZE,
              byDefault = "0",
              doc =
                  "What files in the store may take in all, published and on their way; `0` sets no"
                      + " limit but the disk. What was not used for longest goes when more is"
                      + " needed. A file that is larger is never kept.")
          DataSize maxSize,
      @Setting(
              type = SIZE,
              byDefault = "256MiB",
              doc =
                  "Space on the disk that is left free. With less, what was not used for longest"
                      + " goes; if that is not enough, files are passed on to clients without being"
                      + " kept.")
          DataSize minFree,
      @Setting(
              type = NUMBER,
              byDefault = "95",
              min = "1",
              max = "100",
              doc = "Percent of `max-size`: when more is used, files are removed.")
          int highWatermark,
      @Setting(
              type = NUMBER,
              byDefault = "90",
              min = "1",
              max = "100",
              doc =
                  "Percent of `max-size`: so much may stay when files are removed. On a full disk"
                      + " without `max-size`, the difference of the two in percent of the store is"
                      + " freed beyond what is needed at once.")
          int lowWatermark) {}

  /** How long things hold. */
  public record Freshness(
      @Setting(
              type = DURATION,
              byDefault = "60s",
              flag = "--revision-ttl",
              doc =
                  "How long the commit of a branch or tag is taken as current. `0s` here and in"
                      + " `stale-while-revalidate` asks upstream before each answer.")
          Duration revisionTtl,
      @Setting(
              type = DURATION,
              byDefault = "10m",
              doc =
                  "How long after that it is still served at once, while upstream is asked behind"
                      + " the client's back.")
          Duration staleWhileRevalidate,
      @Setting(
              type = DURATION,
              byDefault = "1h",
              doc = "How long another name of a repo, such as one from before a move, is believed.")
          Duration aliasTtl,
      @Setting(
              type = DURATION,
              byDefault = "60s",
              doc = "How long upstream's answer that there is no such repo is believed.")
          Duration refusedTtl,
      @Setting(
              type = DURATION,
              byDefault = "15s",
              doc =
                  "How long upstream's answer that a repo is gated is believed: short, since"
                      + " somebody may just have opened it.")
          Duration gatedTtl) {}

  /** When a new commit becomes visible. */
  public record NewCommits(
      @Setting(
              type = DURATION,
              byDefault = "5s",
              doc =
                  "Clients get the new commit once nobody has asked for the branch for this long,"
                      + " so that a load in progress does not mix two commits.")
          Duration quiet,
      @Setting(type = DURATION, byDefault = "60s", doc = "They get it after this time in any case.")
          Duration atLatest) {}

  /** How long a verdict holds. */
  public record Access(
      @Setting(
              type = DURATION,
              byDefault = "10m",
              doc =
                  "How long a repo that was seen to be public counts as public. Of a repo in use"
                      + " this is asked again ahead of time.")
          Duration publicTtl,
      @Setting(
              type = DURATION,
              byDefault = "7d",
              doc = "The same while the Hub can't be asked about the repo, or gives no answer.")
          Duration publicTtlDuringOutage) {}

  /** How long clients wait. */
  public record Waits(
      @Setting(
              type = DURATION,
              byDefault = "8s",
              min = "1ms",
              doc =
                  "Within this time a request for a file has its answer. Any request waits so long for"
                      + " the Hub to say that a repo is still public, when access.public-ttl is over."
                      + " The Python clients give up after 10 seconds.")
          Duration head,
      @Setting(
              type = DURATION,
              byDefault = "2s",
              doc =
                  "After this time a commit that is known is served, though stale, while the Hub is"
                      + " asked whether the branch has moved.")
          Duration stale,
      @Setting(
              type = DURATION,
              byDefault = "60s",
              min = "1ms",
              doc = "Within this time all other requests have their answers.")
          Duration api) {}

  /** Limits of listings. */
  public record Listings(
      @Setting(
              type = NUMBER,
              byDefault = "10000",
              min = "1",
              doc = "Entries in one answer; more come on further pages.")
          int answerLimit,
      @Setting(
              type = NUMBER,
              byDefault = "200000",
              min = "1",
              doc =
                  "Entries of one commit that are learned at most. The files beyond are served all"
                      + " the same, and asked for one by one.")
          int learnLimit) {}

  /** Limits of memory. */
  public record Memory(
      @Setting(
              type = SIZE,
              byDefault = "96MiB",
              min = "512KiB",
              doc =
                  "Buffers through which files go to clients, in all. They are outside the Java"
                      + " heap.")
          DataSize buffers,
      @Setting(
              type = SIZE,
              byDefault = "32MiB",
              min = "512KiB",
              doc =
                  "Buffers through which files come from upstream, in all. They are outside the"
                      + " Java heap.")
          DataSize fetchBuffers,
      @Setting(
              type = SIZE,
              byDefault = "0",
              doc =
                  "Heap memory that request bodies, answers, listings and error texts may take"
                      + " together while they are in flight; `0` takes an eighth of the Java heap."
                      + " One client gets a third of what is free of it. A request that finds no room"
                      + " for two seconds is refused with 503 and `Retry-After`.")
          DataSize budget) {}
}
