package io.intrahub.config;

import static io.intrahub.config.ValueType.CHOICE;
import static io.intrahub.config.ValueType.DURATION;
import static io.intrahub.config.ValueType.FILE;
import static io.intrahub.config.ValueType.FOLDER;
import static io.intrahub.config.ValueType.HOST;
import static io.intrahub.config.ValueType.NUMBER;
import static io.intrahub.config.ValueType.SIZE;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * All options with their values. The {@link Setting} of each declares its meaning, default and
 * limits once: the loader, the reference page and the example file take them from there. To add an
 * option, add a component here.
 *
 * <p>The name of an option consists of the names of its components in kebab case, separated by a
 * dot: {@code upstream.connectTimeout()} is {@code upstream.connect-timeout}.
 */
public record Config(
    @Setting(
            type = CHOICE,
            byDefault = "online",
            flag = "--offline",
            flagMeans = "offline",
            doc =
                "`online` asks upstream as needed. `offline` serves only what is in the store and in the"
                    + " folders of `store.seeds`, never asks upstream, and refuses everything else at"
                    + " once.")
        Mode mode,
    @Section("The listener for clients.") ServerOptions server,
    @Section("Limits for one client, so that no client can lock out the others.") Clients clients,
    @Section(
            "The admin listener with the operator's API and page. Keep it unreachable for clients.")
        Admin admin,
    @Section("The store: where content is kept, and how much.") Store store,
    @Section("Endpoints, timeouts and proxies for requests to upstream.") UpstreamOptions upstream,
    @Section("How long answers of upstream are cached.") Freshness freshness,
    @Section("When clients see the new commit of a branch.") NewCommits newCommits,
    @Section("Who may read which repos, and how long the Hub's word on it holds.")
        AccessOptions access,
    @Section("The audit log: one line of JSON for each answered request.") Audit audit,
    @Section("How long a request waits for upstream.") Waits waits,
    @Section("Limits for listings of the files of a commit.") Listings listings,
    @Section("Downloads of files from upstream.") TransferOptions transfer,
    @Section("Memory limits.") Memory memory) {

  /** Returns the configuration in which every option has its default. */
  public static Config defaults() {
    return Options.defaults();
  }

  /** Whether upstream may be asked. */
  public enum Mode {
    ONLINE,
    OFFLINE
  }

  /** Limits of one client. */
  public record Clients(
      @Setting(
              type = NUMBER,
              byDefault = "2048",
              min = "1",
              doc =
                  "Limits connections per client address (per /64 network with IPv6). The mirror"
                      + " answers an additional connection with 429 and closes it. Trusted proxies are exempt.")
          int connections,
      @Setting(
              type = NUMBER,
              byDefault = "1024",
              min = "1",
              doc =
                  "Limits concurrent requests, per client address and, in `access.mode: passthrough`, per"
                      + " token; local tokens are not counted. An additional request is answered with"
                      + " 429.")
          int requests,
      @Setting(
              type = NUMBER,
              byDefault = "300",
              min = "1",
              doc =
                  "Limits, per client address and, in `access.mode: passthrough`, per token, the requests"
                      + " per minute that the mirror forwards to the Hub because it does not know"
                      + " whether their target exists; local tokens are not counted. An"
                      + " additional one is answered with 429. Requests for files that exist do not count.")
          int coldQuestions) {}

  /** The operator's listener. */
  public record Admin(
      @Setting(
              type = HOST,
              byDefault = "127.0.0.1",
              flag = "--admin-host",
              doc =
                  "The address the admin listener binds to. Anyone who can reach it has the operator's"
                      + " rights.")
          String host,
      @Setting(
              type = NUMBER,
              byDefault = "8091",
              min = "0",
              max = "65535",
              flag = "--admin-port",
              doc = "The port the admin listener binds to; `0` selects a free port.")
          int port,
      @Setting(
              type = HOST,
              byDefault = "",
              doc =
                  "Additional host names accepted by the admin listener, besides `localhost`,"
                      + " `admin.host` and IP addresses. Requests for any other host name are refused, because"
                      + " a web page could have sent them (DNS rebinding).")
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
                  "The folder of the store, created if it does not exist. A relative path is resolved"
                      + " against the working directory of the process.")
          Path path,
      @Setting(
              type = SIZE,
              byDefault = "0",
              doc =
                  "Limits the total size of the store, including unfinished downloads. When space is"
                      + " needed, the least recently used files are evicted. A file larger than the limit is"
                      + " never stored. `0` means no limit other than the disk.")
          DataSize maxSize,
      @Setting(
              type = SIZE,
              byDefault = "256MiB",
              doc =
                  "Free disk space to preserve. Below it, the least recently used files are evicted; if"
                      + " that is not enough, files pass through to clients without being stored.")
          DataSize minFree,
      @Setting(
              type = NUMBER,
              byDefault = "95",
              min = "1",
              max = "100",
              doc = "The percentage of `max-size` at which eviction starts.")
          int highWatermark,
      @Setting(
              type = NUMBER,
              byDefault = "90",
              min = "1",
              max = "100",
              doc =
                  "The percentage of `max-size` at which eviction stops. If the disk is full and"
                      + " `max-size` is not set, eviction frees what is needed at once plus the difference"
                      + " between the two watermarks, as a percentage of the store.")
          int lowWatermark,
      @Setting(
              type = FOLDER,
              byDefault = "",
              doc =
                  "Cache folders of the Hub's Python clients (`HF_HUB_CACHE`), which are only read."
                      + " A file of a repo that is not stored is copied from there if its digest is right,"
                      + " instead of fetching it. Who may read it is decided as always. In `mode: offline`,"
                      + " a repo that is only there loads too, for clients whom a rule with `private` and"
                      + " `gated` admits.")
          List<Path> seeds,
      @Setting(
              type = CHOICE,
              byDefault = "none",
              doc =
                  "With `open-repos`, the mirror keeps a cache folder of the Hub's Python clients in `view/hub` of the store's"
                      + " folder, to be shared read-only, for example over NFS. It has the commits that are"
                      + " stored with all their files, of repos that everybody may read.")
          View view) {
    /** Takes a copy of the list. */
    public Store {
      seeds = List.copyOf(seeds);
    }

    /** Which repos the folder has that is shared. */
    public enum View {
      NONE,
      OPEN_REPOS
    }
  }

  /** How long cached answers are fresh. */
  public record Freshness(
      @Setting(
              type = DURATION,
              byDefault = "60s",
              flag = "--revision-ttl",
              doc =
                  "How long the commit of a branch or tag is considered current. If both this option"
                      + " and `stale-while-revalidate` are `0s`, the mirror asks upstream before every answer.")
          Duration revisionTtl,
      @Setting(
              type = DURATION,
              byDefault = "10m",
              doc =
                  "How long after `revision-ttl` the known commit is still served at once while"
                      + " upstream is asked in the background.")
          Duration staleWhileRevalidate,
      @Setting(
              type = DURATION,
              byDefault = "60s",
              doc =
                  "How long searches, discussions and other lists of the API are served from memory."
                      + " While the Hub can't be reached, the last known answer is served for as long as"
                      + " `access.public-ttl-during-outage` says, or `access.grant-grace` if it was asked"
                      + " for with a token. `0s`: the mirror asks before it serves.")
          Duration listTtl,
      @Setting(
              type = DURATION,
              byDefault = "1h",
              doc =
                  "How long an alternative name of a repo, such as its name before it was moved, is"
                      + " cached.")
          Duration aliasTtl,
      @Setting(
              type = DURATION,
              byDefault = "60s",
              doc =
                  "How long a 'repository not found' answer to a client without a token is cached,"
                      + " and how long the answer that a token is not valid.")
          Duration refusedTtl,
      @Setting(
              type = DURATION,
              byDefault = "15s",
              doc =
                  "How long a 'repository is gated' answer is cached, and any refusal of a repo to a"
                      + " token. Short by default, because a user may have just been granted access.")
          Duration gatedTtl) {}

  /** When a new commit becomes visible. */
  public record NewCommits(
      @Setting(
              type = DURATION,
              byDefault = "5s",
              doc =
                  "Clients see a new commit once no client has requested the branch or received a file"
                      + " of it for this long, so that a load in progress does not mix two commits.")
          Duration quiet,
      @Setting(
              type = DURATION,
              byDefault = "60s",
              doc =
                  "The longest time before clients see a new commit that can be served, even if the"
                      + " branch is requested continuously.")
          Duration atLatest,
      @Setting(
              type = SIZE,
              byDefault = "20GiB",
              doc =
                  "Limits how much the mirror fetches of a repo's new commits before clients see"
                      + " them: the changed files of which it stores an earlier version. New commits of"
                      + " several branches count together while any of them is being fetched or waits"
                      + " for that. If a change is larger, only"
                      + " its files of up to 10 MiB are fetched, and while upstream does not answer clients"
                      + " see the commit before it. The fetching uses at most a quarter of"
                      + " `transfer.max-rate`, or, without that option, of the best that all"
                      + " downloads achieved in 10 minutes, while clients download. Nothing is fetched ahead for private or gated repos"
                      + " unless `access.mode` is `service`. `0` means that nothing is fetched before a client asks.")
          DataSize warmLimit) {}

  /** The audit log. */
  public record Audit(
      @Setting(
              type = FILE,
              byDefault = "",
              doc =
                  "The file of the audit log, created if it does not exist. Without it, no audit log"
                      + " is written.")
          Optional<Path> file,
      @Setting(
              type = SIZE,
              byDefault = "32MiB",
              min = "1KiB",
              doc = "The size at which the file is rotated and the old one compressed.")
          DataSize maxSize,
      @Setting(
              type = NUMBER,
              byDefault = "20",
              min = "1",
              max = "1000",
              doc =
                  "How many compressed files are kept, beside `audit.file`, whose name they extend by"
                      + " `.1.gz` (the newest), `.2.gz` and so on.")
          int keep) {}

  /** How long clients wait. */
  public record Waits(
      @Setting(
              type = DURATION,
              byDefault = "8s",
              min = "1ms",
              doc =
                  "The longest time a request for a file waits for its answer. Any request also waits"
                      + " up to this long for the Hub to confirm that a repo may still be read after"
                      + " `access.public-ttl` or `access.grant-ttl`. The default is below the 10 seconds"
                      + " after which the Python clients give up.")
          Duration head,
      @Setting(
              type = DURATION,
              byDefault = "2s",
              doc =
                  "How long a request waits for the Hub to say whether a branch has moved. After that,"
                      + " the known commit is served although it may be stale.")
          Duration stale,
      @Setting(
              type = DURATION,
              byDefault = "60s",
              min = "1ms",
              doc = "The longest time any other request waits for its answer.")
          Duration api) {}

  /** Limits of listings. */
  public record Listings(
      @Setting(
              type = NUMBER,
              byDefault = "10000",
              min = "1",
              doc =
                  "The maximum number of entries in one answer. Further entries follow on the next"
                      + " pages.")
          int answerLimit,
      @Setting(
              type = NUMBER,
              byDefault = "300000",
              min = "1",
              doc =
                  "The maximum number of entries the mirror stores for one commit. Files beyond it are"
                      + " still served, but each one is looked up individually.")
          int learnLimit) {}

  /** Memory limits. */
  public record Memory(
      @Setting(
              type = SIZE,
              byDefault = "96MiB",
              min = "512KiB",
              doc =
                  "Limits the total size of the buffers that send files to clients. They are outside"
                      + " the Java heap. One client, and one token, gets three quarters of what the"
                      + " others leave: the more it has, the smaller its next buffer.")
          DataSize buffers,
      @Setting(
              type = SIZE,
              byDefault = "32MiB",
              min = "512KiB",
              doc =
                  "Limits the total size of the buffers that receive files from upstream. They are"
                      + " outside the Java heap.")
          DataSize fetchBuffers,
      @Setting(
              type = SIZE,
              byDefault = "0",
              doc =
                  "Limits the heap memory that request bodies, answers and listings in flight may use"
                      + " together. `0` means an eighth of the Java heap. One client may use a"
                      + " third of what is free. A request that cannot reserve memory within two seconds is"
                      + " refused with 503 and `Retry-After`.")
          DataSize budget) {}
}
