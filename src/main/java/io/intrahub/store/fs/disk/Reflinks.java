package io.intrahub.store.fs.disk;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Finds out whether copies of files can share the blocks of the original. It tries, because the
 * type of the file system does not say: XFS can be made without reflinks, and ZFS may have them
 * switched off. The JDK has no call for it; its copies are reflinks where the kernel can make them
 * ({@code copy_file_range}), and nothing says which they became.
 */
public final class Reflinks {
  private static final int O_RDWR = 2;

  private static final int FIRST_VARIADIC = 2;

  /** A whole block of every file system: only whole blocks can be shared. */
  private static final int SIZE = 64 << 10;

  private final MethodHandle open;
  private final MethodHandle ioctl;
  private final MethodHandle close;

  private Reflinks() {
    this.open = function("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), true);
    this.ioctl =
        function("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT), true);
    this.close = function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT), false);
  }

  private static MethodHandle function(String name, FunctionDescriptor type, boolean variadic) {
    Linker linker = Linker.nativeLinker();
    MemorySegment address = linker.defaultLookup().findOrThrow(name);
    return variadic
        ? linker.downcallHandle(address, type, Linker.Option.firstVariadicArg(FIRST_VARIADIC))
        : linker.downcallHandle(address, type);
  }

  /** The number of the call in {@code linux/fs.h}; the direction of its data is encoded per CPU. */
  private static long ficlone() {
    return System.getProperty("os.arch", "").startsWith("ppc") ? 0x80049409L : 0x40049409L;
  }

  /**
   * Whether a copy of a whole file in this folder shares the blocks of the original. It writes two
   * small files to the folder, and removes them.
   *
   * @return false also if the folder can't be written, or this is not known
   */
  public static boolean arePossible(Path folder) {
    try {
      Path source = Files.createTempFile(folder, ".reflink-", ".tmp");
      try {
        Path target = Files.createTempFile(folder, ".reflink-", ".tmp");
        try {
          Files.write(source, new byte[SIZE]);
          return new Reflinks().clones(source, target);
        } finally {
          Files.deleteIfExists(target);
        }
      } finally {
        Files.deleteIfExists(source);
      }
    } catch (IOException | RuntimeException _) {
      // Of the foreign functions too: they are missing on Windows, or not permitted.
      return false;
    }
  }

  private boolean clones(Path source, Path target) {
    int from = open(source);
    try {
      int to = open(target);
      try {
        return (int) ioctl.invokeExact(to, ficlone(), from) == 0;
      } catch (Throwable e) {
        throw new IllegalStateException("ioctl could not be called", e);
      } finally {
        close(to);
      }
    } finally {
      close(from);
    }
  }

  /** Returns a file descriptor, or -1, on which every other call fails. */
  private int open(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) open.invokeExact(arena.allocateFrom(file.toString()), O_RDWR);
    } catch (Throwable e) {
      throw new IllegalStateException("open could not be called", e);
    }
  }

  private void close(int descriptor) {
    try {
      var _ = (int) close.invokeExact(descriptor);
    } catch (Throwable e) {
      throw new IllegalStateException("close could not be called", e);
    }
  }
}
