package io.intrahub.cli;

import io.intrahub.access.AccessToken;
import io.intrahub.cachefolder.CacheView;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.QuietLog;
import io.intrahub.cli.pull.MirrorLauncher;
import io.intrahub.cli.upkeep.UpkeepLauncher;
import io.intrahub.cli.upkeep.UpkeepStore;
import io.intrahub.config.Config;
import io.intrahub.http.HttpSettings;
import io.intrahub.store.StoreException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.time.Clock;
import java.util.Optional;

/**
 * A mirror for the time of one command, on the configured store and under its lock. It listens on
 * free ports of this machine only, or not at all if the command does not need that, and logs
 * warnings only, so that the command's own output stays readable. For one thread.
 */
final class InProcessMirror implements MirrorLauncher.Launched {
  private static final String HERE = "127.0.0.1";

  private final App app;
  private final QuietLog log;

  private InProcessMirror(App app, QuietLog log) {
    this.app = app;
    this.log = log;
  }

  /**
   * Starts it. A folder that is shared with clients is kept current, and not removed.
   *
   * @throws CommandException if the store is in use or can't be used, or no port can be opened
   */
  static InProcessMirror start(Config config) throws CommandException {
    return start(config, hasView(config), true);
  }

  private static boolean hasView(Config config) {
    return Files.isDirectory(CacheView.folder(config.store().path()));
  }

  /**
   * Starts one with a folder to be shared with clients, and without listeners.
   *
   * @throws CommandException also if the file system can't have such a folder
   */
  static InProcessMirror startWithView(Config config) throws CommandException {
    return start(config, true, false);
  }

  /**
   * Starts one for work on its store, without listeners.
   *
   * @param token in whose name files are fetched
   * @throws CommandException as {@link #start}
   */
  static UpkeepLauncher.Launched startUpkeep(Config config, Optional<String> token)
      throws CommandException {
    InProcessMirror mirror = startForStore(config);
    boolean complete = false;
    UpkeepStore upkeep;
    try {
      upkeep = mirror.app.upkeep(token.flatMap(AccessToken::of));
      complete = true;
    } finally {
      if (!complete) {
        mirror.close();
      }
    }
    return new UpkeepLauncher.Launched() {
      @Override
      public UpkeepStore upkeep() {
        return upkeep;
      }

      @Override
      public void close() {
        mirror.close();
      }
    };
  }

  /** Starts one without listeners. */
  static InProcessMirror startForStore(Config config) throws CommandException {
    return start(config, hasView(config), false);
  }

  private static InProcessMirror start(Config config, boolean view, boolean listening)
      throws CommandException {
    AppSettings configured = AppSettingsFactory.of(config, System.getenv());
    AppSettings settings =
        configured
            .withListeners(
                new HttpSettings(HERE, 0, config.server().bodyTimeout()), new HttpSettings(HERE, 0))
            .withView(configured.view() || view);
    QuietLog log = new QuietLog();
    boolean started = false;
    try {
      App app =
          listening
              ? App.start(settings, Clock.systemUTC(), _ -> {})
              : App.startWithoutListeners(settings, Clock.systemUTC());
      started = true;
      return new InProcessMirror(app, log);
    } catch (StoreException e) {
      throw new StartException(
          e.getMessage()
              + ". If a mirror runs on it, name its operator's listener with --admin-host and"
              + " --admin-port, and the command goes through it",
          e);
    } catch (IOException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } finally {
      if (!started) {
        log.close();
      }
    }
  }

  @Override
  public URI clients() {
    return app.uri();
  }

  @Override
  public URI operator() {
    return app.adminUri();
  }

  /** The folder that is shared with clients. */
  ViewKeeper view() {
    return app.view();
  }

  @Override
  public void close() {
    app.close();
    log.close();
  }
}
