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
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Finds out whether copies of files can share the blocks of the original. It tries, because the
 * type of the file system does not say: XFS can be made without reflinks, and ZFS may have them
 * switched off. The JDK has no call for it; its copies are reflinks where the kernel can make them
 * ({@code copy_file_range}), and nothing says which they became.
 */
public final class Reflinks {
  /**
   * Of Linux, on each CPU that has a JDK: {@code O_RDWR}, {@code O_CREAT}, {@code O_EXCL} and
   * {@code O_CLOEXEC}. A name that is there, be it a link, is an error: whoever else writes to the
   * folder could have another file overwritten by putting a link to it there.
   */
  private static final int CREATE_NEW = 02 | 0100 | 0200 | 02000000;

  private static final int OWNER_ONLY = 0600;

  private static final int FIRST_VARIADIC = 2;

  /** A whole block of every file system: only whole blocks can be shared. */
  private static final int SIZE = 64 << 10;

  private final MethodHandle open;
  private final MethodHandle write;
  private final MethodHandle ioctl;
  private final MethodHandle close;

  private Reflinks() {
    this.open =
        function("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), true);
    this.write =
        function("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG), false);
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
    return arePossible(folder, () -> ".reflink-" + UUID.randomUUID() + ".tmp");
  }

  /** The same, with the names of the files. */
  static boolean arePossible(Path folder, Supplier<String> names) {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return false;
    }
    try {
      return new Reflinks().areIn(folder, names);
    } catch (IOException | RuntimeException _) {
      // Of the foreign functions too, which may not be permitted.
      return false;
    }
  }

  private boolean areIn(Path folder, Supplier<String> names) throws IOException {
    Path source = folder.resolve(names.get());
    int from = create(source);
    try {
      Path target = folder.resolve(names.get());
      int to = create(target);
      try {
        return fill(from) && clones(from, to);
      } finally {
        remove(target, to);
      }
    } finally {
      remove(source, from);
    }
  }

  private boolean clones(int from, int to) {
    try {
      return (int) ioctl.invokeExact(to, ficlone(), from) == 0;
    } catch (Throwable e) {
      throw new IllegalStateException("ioctl could not be called", e);
    }
  }

  /** Writes what is in a new file; false if it does not become as long as it should. */
  private boolean fill(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment zeros = arena.allocate(SIZE);
      return (long) write.invokeExact(descriptor, zeros, (long) SIZE) == SIZE;
    } catch (Throwable e) {
      throw new IllegalStateException("write could not be called", e);
    }
  }

  /** Returns a file descriptor, or -1, on which every other call fails. */
  private int create(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) open.invokeExact(arena.allocateFrom(file.toString()), CREATE_NEW, OWNER_ONLY);
    } catch (Throwable e) {
      throw new IllegalStateException("open could not be called", e);
    }
  }

  /** Removes a file that was created, and no other of its name. */
  private void remove(Path file, int descriptor) throws IOException {
    if (descriptor >= 0) {
      close(descriptor);
      Files.deleteIfExists(file);
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
