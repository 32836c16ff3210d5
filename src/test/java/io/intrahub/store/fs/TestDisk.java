package io.intrahub.store.fs;

import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.JdkDisk;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A real disk whose N-th call fails, or is the last one of the process. It syncs nothing, which
 * makes it fast and, for a reader in the same machine, no different.
 */
public class TestDisk implements Disk {
  /** What happens at the N-th call. */
  public enum Fault {
    NONE,
    IO_ERROR,
    DISK_FULL,
    /** The call ends as one whose thread is interrupted while it waits. */
    INTERRUPTED,
    /** The process is gone: this call and all later ones do nothing. */
    KILLED
  }

  /** Unwinds the stack of a killed process; product code must not catch it. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;

    Killed() {
      super("killed", null, false, false);
    }
  }

  private final JdkDisk real;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger calls = new AtomicInteger();
  private volatile Fault fault = Fault.NONE;
  private volatile int at = Integer.MAX_VALUE;
  private volatile boolean dead;
  private volatile String failedCall = "";

  /** Bytes that the disk says are free, or -1 for the truth. */
  volatile long usable = -1;

  /** Which boot of the machine this is. */
  volatile Optional<String> boot = Optional.of("the first boot");

  /** Whether each write takes only half of what it is given. */
  volatile boolean shortWrites;

  public TestDisk(Path root) {
    this.real = new JdkDisk(root);
  }

  /** Number of calls since {@link #fail}. */
  public int calls() {
    return calls.get();
  }

  /** The N-th call from now, counted from 1, goes wrong. */
  public void fail(int n, Fault how) {
    calls.set(0);
    failedCall = "";
    fault = how;
    at = n;
  }

  /** What the call was that went wrong, for example {@code fsync /data/x}; empty when none did. */
  String failedCall() {
    return failedCall;
  }

  /** The disk of a process that is dead, in the hands of the next one. */
  void revive() {
    fail(Integer.MAX_VALUE, Fault.NONE);
    dead = false;
    open.set(0);
  }

  /** Whether the fault has happened. */
  public boolean failed() {
    return calls.get() >= at;
  }

  public int openFiles() {
    return open.get();
  }

  /** Every call that changes something or reads content comes here first. */
  private boolean step(String call, Path path) throws IOException {
    if (dead) {
      throw new Killed();
    }
    if (calls.incrementAndGet() != at) {
      return false;
    }
    failedCall = call + " " + path;
    switch (fault) {
      case IO_ERROR -> throw new IOException(call + " " + path + ": Input/output error");
      case DISK_FULL -> throw new IOException(call + " " + path + ": No space left on device");
      case INTERRUPTED -> throw new InterruptedIOException(call + " " + path + ": interrupted");
      case KILLED -> {
        dead = true;
        return true;
      }
      default -> {
        return false;
      }
    }
  }

  private void stepOrDie(String call, Path path) throws IOException {
    if (step(call, path)) {
      throw new Killed();
    }
  }

  @Override
  public File create(Path path) throws IOException {
    stepOrDie("create", path);
    return new TestFile(real.create(path), path);
  }

  @Override
  public File open(Path path) throws IOException {
    stepOrDie("open", path);
    return new TestFile(real.open(path), path);
  }

  @Override
  public File reopen(Path path) throws IOException {
    stepOrDie("open", path);
    return new TestFile(real.reopen(path), path);
  }

  @Override
  public Optional<Attributes> attributes(Path path) throws IOException {
    if (dead) {
      throw new Killed();
    }
    return real.attributes(path);
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    if (dead) {
      throw new Killed();
    }
    return real.list(folder);
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    stepOrDie("mkdir", folder);
    real.createFolder(folder);
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    stepOrDie("fsync", folder);
  }

  @Override
  public void link(Path existing, Path name) throws IOException {
    stepOrDie("link", name);
    real.link(existing, name);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    stepOrDie("rename", to);
    real.rename(from, to);
  }

  @Override
  public void delete(Path path) throws IOException {
    stepOrDie("unlink", path);
    real.delete(path);
  }

  @Override
  public void setReadOnly(Path path) throws IOException {
    stepOrDie("chmod", path);
    real.setReadOnly(path);
  }

  @Override
  public void setWritable(Path path) throws IOException {
    stepOrDie("chmod", path);
    real.setWritable(path);
  }

  @Override
  public Optional<String> bootId() {
    return boot;
  }

  @Override
  public long usableSpace() throws IOException {
    return usable >= 0 ? usable : real.usableSpace();
  }

  /** For a disk that models more: the content of this file would survive a power cut. */
  void forced(Path path) throws IOException {}

  /** For a disk that models more: forcing this file failed. */
  void lost(Path path) throws IOException {}

  /** For a disk that models more: this part of a file is about to change. */
  public void writing(Path path, File file, long position, int count) throws IOException {}

  private final class TestFile implements File {
    private final File file;
    private final Path path;
    private boolean closed;

    TestFile(File file, Path path) {
      this.file = file;
      this.path = path;
      open.incrementAndGet();
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
      return write(from, file.size());
    }

    @Override
    public int write(ByteBuffer from, long position) throws IOException {
      boolean last = step("write", path);
      int all = from.limit();
      if (last || shortWrites) {
        from.limit(from.position() + (from.remaining() + 1) / 2);
      }
      try {
        writing(path, file, position, from.remaining());
        int count = file.write(from, position);
        if (last) {
          throw new Killed();
        }
        return count;
      } finally {
        from.limit(all);
      }
    }

    @Override
    public long append(FileChannel source, long position) throws IOException {
      // A half is no error, and what a kill leaves.
      ByteBuffer some = ByteBuffer.allocate((int) Math.min(source.size() - position, 64 << 10));
      if (source.read(some, position) <= 0) {
        return 0;
      }
      return write(some.flip());
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      stepOrDie("read", path);
      return file.read(into, position);
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public void force() throws IOException {
      try {
        stepOrDie("fsync", path);
      } catch (IOException e) {
        lost(path);
        throw e;
      }
      forced(path);
    }

    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        open.decrementAndGet();
        file.close();
      }
      if (!dead) {
        stepOrDie("close", path);
      }
    }
  }
}
