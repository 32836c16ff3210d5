package io.intrahub.store.fs;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Other users of the machine can't read past the mirror what is stored. */
final class FsFolderModeTest {
  @TempDir Path folder;

  private static List<String> warningsOfStart(Path data) throws StoreException {
    Logger logger = (Logger) LoggerFactory.getLogger(StoreOpener.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    try (FsStore _ =
        FsStore.open(data, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, Runnable::run)) {
      return logged.list.stream()
          .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
          .map(ILoggingEvent::getFormattedMessage)
          .toList();
    } finally {
      logger.detachAppender(logged);
    }
  }

  private static void set(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void the_folders_of_a_new_store_are_for_its_owner_only() throws Exception {
    Path data = folder.resolve("parent/data");
    assertThat(warningsOfStart(data)).isEmpty();
    try (Stream<Path> all = Files.walk(data)) {
      for (Path made : all.filter(Files::isDirectory).toList()) {
        assertThat(mode(made)).as("%s", made).isEqualTo("rwx------");
      }
    }
  }

  /** A volume comes with a mode of its own, and a container's user may depend on it. */
  @Test
  void a_folder_that_is_there_keeps_its_mode_and_what_is_made_in_it_is_closed() throws Exception {
    Path data = Files.createDirectory(folder.resolve("data"));
    set(data, "rwxrwxr-x");
    assertThat(warningsOfStart(data)).isEmpty();
    assertThat(mode(data)).isEqualTo("rwxrwxr-x");
    assertThat(mode(data.resolve("blobs"))).isEqualTo("rwx------");
  }

  @Test
  void one_warning_says_how_to_close_a_store_of_an_older_version() throws Exception {
    Path data = folder.resolve("data");
    assertThat(warningsOfStart(data)).isEmpty();
    set(data, "rwxr-xr-x");
    set(data.resolve("blobs"), "rwxr-xr-x");
    set(data.resolve("repos"), "rwxr-xr-x");
    assertThat(warningsOfStart(data))
        .singleElement()
        .asString()
        .contains("Other users of this machine can read in " + data.resolve("blobs"))
        .contains("chmod o-rwx " + data);
    assertThat(mode(data)).isEqualTo("rwxr-xr-x");
    set(data, "rwxr-x---");
    assertThat(warningsOfStart(data)).isEmpty();
  }

  /** In Kubernetes, {@code fsGroup} opens the volume to the group of the container. */
  @Test
  void the_group_may_read_without_a_warning() throws Exception {
    Path data = folder.resolve("data");
    assertThat(warningsOfStart(data)).isEmpty();
    try (Stream<Path> all = Files.walk(data)) {
      for (Path made : all.filter(Files::isDirectory).toList()) {
        set(made, "rwxrwx---");
      }
    }
    assertThat(warningsOfStart(data)).isEmpty();
  }
}
