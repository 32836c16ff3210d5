package io.intrahub.base;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The name of this machine, as the machine knows it. Nobody is asked: a name server may take many
 * seconds to answer, and in {@code mode: offline} the mirror looks up no name.
 */
public final class LocalHostName {
  private static final Path LINUX = Path.of("/proc/sys/kernel/hostname");

  private LocalHostName() {}

  /** Returns the kernel's name for this machine; empty where it can't be read. */
  public static Optional<String> find() {
    try {
      return Files.isReadable(LINUX)
          ? Optional.of(Files.readString(LINUX).strip()).filter(name -> !name.isEmpty())
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
