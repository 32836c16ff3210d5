package io.intrahub.cli;

import io.intrahub.cli.command.QuietLog;
import io.intrahub.cli.doctor.TrialFolder;
import io.intrahub.cli.doctor.TrialMirror;
import io.intrahub.config.Config;
import io.intrahub.http.HttpSettings;
import io.intrahub.mirror.MirrorSettings;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;

/**
 * Starts a mirror with the upstream of the configuration and an empty store beside the configured
 * one. It serves this machine only, admits everybody to public repos, logs warnings only, and
 * writes no audit log.
 */
final class TemporaryMirror implements TrialMirror {
  private final AppSettings settings;
  private final Clock clock;

  TemporaryMirror(AppSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
  }

  @Override
  public Session open() throws StartException, IOException {
    TrialFolder folder = TrialFolder.in(settings.data());
    QuietLog log = new QuietLog();
    boolean started = false;
    try {
      AppSettings trial =
          settings
              .withListeners(new HttpSettings("127.0.0.1", 0), new HttpSettings("127.0.0.1", 0))
              .withData(folder.path().resolve("store"))
              .withStore(DiskBudgetSettings.DEFAULT)
              .withMirror(MirrorSettings.DEFAULT)
              .withSite(SiteAccess.of(Config.defaults().access(), true))
              .withoutAudit();
      App app = App.start(trial, clock, _ -> {});
      started = true;
      return new Running(app, folder, log);
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } finally {
      if (!started) {
        log.close();
        folder.close();
      }
    }
  }

  private record Running(App app, TrialFolder folder, QuietLog log) implements Session {
    @Override
    public URI clients() {
      return app.uri();
    }

    @Override
    public URI operator() {
      return app.adminUri();
    }

    @Override
    public boolean isShared() {
      return false;
    }

    @Override
    public void close() throws IOException {
      app.close();
      log.close();
      folder.close();
    }
  }
}
