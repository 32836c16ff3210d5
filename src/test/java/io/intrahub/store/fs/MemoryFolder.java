package io.intrahub.store.fs;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * A temporary folder in memory where the system has room for one, and an ordinary one elsewhere.
 * For tests that model the disk themselves and force nothing: they make files and folders by the
 * hundred thousand, and what a real disk takes for that tells nothing.
 */
public final class MemoryFolder implements TempDirFactory {
  private static final Path MEMORY = Path.of("/dev/shm");

  /** In bytes; a container often has no more than 64 MiB, which is not enough. */
  private static final long ENOUGH = 1L << 30;

  @Override
  public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext extension)
      throws IOException {
    return hasRoom()
        ? Files.createTempDirectory(MEMORY, "intrahub-test")
        : Files.createTempDirectory("intrahub-test");
  }

  private static boolean hasRoom() throws IOException {
    if (!Files.isDirectory(MEMORY) || !Files.isWritable(MEMORY)) {
      return false;
    }
    FileStore store = Files.getFileStore(MEMORY);
    return store.type().equals("tmpfs") && store.getUsableSpace() >= ENOUGH;
  }
}
