package io.intrahub.cli;

import io.intrahub.http.RequestListener;
import io.intrahub.store.StoreException;
import java.io.IOException;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts a mirror, keeps the process alive, and shuts both down in order. */
final class MirrorLifecycle {
  private static final Logger log = LoggerFactory.getLogger(MirrorLifecycle.class);

  private MirrorLifecycle() {}

  /** Starts a mirror, with error messages for the operator. */
  static App start(AppSettings settings, RequestListener listener) throws StartException {
    try {
      return App.start(settings, Clock.systemUTC(), listener);
    } catch (StoreException | IOException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Waits for SIGTERM or SIGINT, closes the components in order, and lets the process end. */
  static void untilStopped(AutoCloseable... parts) throws InterruptedException {
    CountDownLatch closed = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  for (AutoCloseable part : parts) {
                    try {
                      part.close();
                    } catch (Exception e) {
                      log.warn("A component could not be closed", e);
                    }
                  }
                  closed.countDown();
                },
                "shutdown"));
    closed.await();
  }
}
