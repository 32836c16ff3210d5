package io.intrahub.clients;

import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** The packed product as a command of a shell. */
final class CommandOnPath {
  private CommandOnPath() {}

  /**
   * Makes a folder with the command {@code intrahub}.
   *
   * @return the value of {@code PATH} for a shell that is to find it first
   */
  static String install(Path folder) throws IOException {
    Path intrahub = Files.createDirectory(folder).resolve("intrahub");
    Files.writeString(
        intrahub,
        "#!/bin/sh\nexec '%s' %s -jar '%s' \"$@\"\n"
            .formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                String.join(" ", MirrorProcess.STARTS_QUICKLY),
                MirrorProcess.jar()));
    Files.setPosixFilePermissions(intrahub, PosixFilePermissions.fromString("rwxr-xr-x"));
    return folder + ":" + System.getenv("PATH");
  }
}
