package io.intrahub.cli;

import io.intrahub.access.AccessChecker;
import io.intrahub.http.HttpSettings;
import io.intrahub.mirror.MirrorSettings;
import io.intrahub.store.fs.FsStore;
import io.intrahub.transfer.TransferSettings;
import io.intrahub.upstream.UpstreamSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Makes the settings of a mirror from what its command was told. */
public final class AppSettingsFactory {
  private static final long BUFFER_BYTES = 96L << 20;

  private AppSettingsFactory() {}

  /** The demo's: all defaults, the operator's port wherever there is room. */
  public static AppSettings demo(String host, int port, Path data, URI upstream) {
    return new AppSettings(
        new HttpSettings(host, port),
        new HttpSettings("127.0.0.1", 0),
        data,
        FsStore.Settings.DEFAULT,
        upstream(List.of(upstream), false),
        AccessChecker.Settings.DEFAULT,
        MirrorSettings.DEFAULT,
        TransferSettings.DEFAULT,
        BUFFER_BYTES);
  }

  /** The server's. */
  static AppSettings serve(ServeOptions options) throws StartException {
    AppSettings base =
        demo(
            options.host == null ? "0.0.0.0" : options.host,
            options.port == null ? 8090 : options.port,
            options.data == null ? Path.of("data") : options.data,
            URI.create("https://huggingface.co"));
    return base;
  }

  static UpstreamSettings upstream(List<URI> endpoints, boolean offline) {
    return new UpstreamSettings(
        endpoints,
        Duration.ofSeconds(5),
        Duration.ofSeconds(20),
        Duration.ofSeconds(30),
        "intrahub/" + Main.Version.number(),
        offline);
  }
}
