package io.intrahub.store.fs.tokens;

import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.LocalTokens;
import io.intrahub.access.local.TokenHash;
import io.intrahub.access.local.TokenTable;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.JdkDisk;
import io.intrahub.store.fs.disk.StoreLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The local tokens of a running mirror. At most once a second, a request looks whether the file has
 * changed, so that the command line takes effect without a restart. While the file can't be read,
 * no token is accepted.
 *
 * <p>Safe for use by many threads.
 */
public final class WatchedTokens implements LocalTokens {
  private static final Logger log = LoggerFactory.getLogger(WatchedTokens.class);
  private static final long LOOK_MILLIS = 1_000;

  private final Disk disk;
  private final StoreLayout layout;
  private final Clock clock;

  /** True while a thread looks at the file. No other thread waits for it. */
  private final AtomicBoolean looking = new AtomicBoolean();

  /** When the file was last looked at, in milliseconds. Written by the thread that looks. */
  private volatile long looked;

  /** What the last look found. Replaced as a whole by the thread that looks. */
  private volatile State state;

  /**
   * What a look found.
   *
   * @param file the file's attributes, if they say that this is what is in it: empty if there was
   *     no file, or if it could not be read
   * @param table the tokens; none if there is a problem
   * @param problem why the file can't be used; empty if it can
   * @param again whether to read the file again although it is the same
   */
  private record State(
      Optional<Disk.Attributes> file, TokenTable table, String problem, boolean again) {
    boolean isUsable() {
      return problem.isEmpty();
    }
  }

  private WatchedTokens(Disk disk, StoreLayout layout, Clock clock) {
    this.disk = disk;
    this.layout = layout;
    this.clock = clock;
    this.looked = clock.millis();
    this.state = look(new State(Optional.empty(), TokenTable.EMPTY, "", false));
  }

  /** Reads the tokens in the folder of a store, and from then on watches them. */
  public static WatchedTokens in(Path folder, Clock clock) {
    return in(folder, new JdkDisk(folder), clock);
  }

  static WatchedTokens in(Path folder, Disk disk, Clock clock) {
    return new WatchedTokens(disk, new StoreLayout(folder), clock);
  }

  @Override
  public LocalCredential identify(TokenHash hash) {
    State now = current();
    return now.isUsable()
        ? now.table.identify(hash, clock.instant())
        : new LocalCredential.Unavailable();
  }

  private State current() {
    // The clock may have been set back.
    if (Math.abs(clock.millis() - looked) >= LOOK_MILLIS && looking.compareAndSet(false, true)) {
      try {
        looked = clock.millis();
        state = look(state);
      } finally {
        looking.set(false);
      }
    }
    return state;
  }

  /** Reads the file if it is another than before, or could not be read then. */
  private State look(State before) {
    try {
      // Before the content: if the file is replaced in between, the next look sees it.
      Optional<Disk.Attributes> found = disk.attributes(layout.localTokens());
      return found.equals(before.file) && !before.again ? before : read(before, found);
    } catch (IOException e) {
      return unusable(before, Optional.empty(), e.toString(), true);
    }
  }

  private State read(State before, Optional<Disk.Attributes> found) throws IOException {
    try {
      TokenTable table = TokenFile.read(disk, layout);
      log.info("The mirror accepts {} local tokens now", table.tokens().size());
      return new State(found, table, "", false);
    } catch (DamagedTokensException e) {
      return unusable(before, found, String.valueOf(e.getMessage()), false);
    }
  }

  private State unusable(
      State before, Optional<Disk.Attributes> found, String problem, boolean again) {
    if (!problem.equals(before.problem)) {
      log.error(
          "No local token is accepted, because {} can't be used: {}. Restore that file, or delete it"
              + " and create the tokens again.",
          layout.localTokens(),
          problem);
    }
    return new State(found, TokenTable.EMPTY, problem, again);
  }
}
