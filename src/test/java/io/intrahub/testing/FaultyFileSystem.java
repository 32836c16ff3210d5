package io.intrahub.testing;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The file system of this machine, but some calls fail or do not return, as those of a share whose
 * server is away. For reading only.
 */
public final class FaultyFileSystem extends FileSystem {
  private final FileSystem real;
  private final Provider provider = new Provider();
  private final AtomicInteger hanging = new AtomicInteger();
  private volatile Fault fault = (_, _) -> {};

  /** What a call does before the real one. */
  public enum Call {
    OPEN,
    ATTRIBUTES,
    REAL_PATH,
    LIST
  }

  /** Is asked before each call. */
  public interface Fault {
    /** May throw, or not return. */
    void before(Call call, Path path) throws IOException;
  }

  /** Without faults. */
  public FaultyFileSystem(Path folder) {
    this.real = folder.getFileSystem();
  }

  /** From now on. */
  public void set(Fault next) {
    fault = next;
  }

  /**
   * Calls of one kind on files whose path has this end wait until the gate is opened, interrupted
   * or not.
   */
  public void hang(Call kind, String end, CountDownLatch gate) {
    set((call, path) -> {
      if (call == kind && path.toString().endsWith(end)) {
        hanging.incrementAndGet();
        boolean interrupted = false;
        while (gate.getCount() > 0) {
          try {
            gate.await();
          } catch (InterruptedException e) {
            interrupted = true;
          }
        }
        hanging.decrementAndGet();
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    });
  }

  /** Calls that wait now. */
  public int hanging() {
    return hanging.get();
  }

  /** A path of the real file system as one of this. */
  public Path of(Path path) {
    return new FaultyPath(path);
  }

  private static Path realOf(Path path) {
    return path instanceof FaultyPath faulty ? faulty.path : path;
  }

  @Override
  public FileSystemProvider provider() {
    return provider;
  }

  @Override
  public void close() {}

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public boolean isReadOnly() {
    return true;
  }

  @Override
  public String getSeparator() {
    return real.getSeparator();
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return real.supportedFileAttributeViews();
  }

  @Override
  public Path getPath(String first, String... more) {
    return of(real.getPath(first, more));
  }

  @Override
  public PathMatcher getPathMatcher(String syntaxAndPattern) {
    throw new UnsupportedOperationException();
  }

  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    throw new UnsupportedOperationException();
  }

  @Override
  public WatchService newWatchService() {
    throw new UnsupportedOperationException();
  }

  private final class FaultyPath implements Path {
    private final Path path;

    FaultyPath(Path path) {
      this.path = path;
    }

    @Override
    public FileSystem getFileSystem() {
      return FaultyFileSystem.this;
    }

    @Override
    public boolean isAbsolute() {
      return path.isAbsolute();
    }

    @Override
    public Path getRoot() {
      return path.getRoot() == null ? null : of(path.getRoot());
    }

    @Override
    public Path getFileName() {
      return path.getFileName() == null ? null : of(path.getFileName());
    }

    @Override
    public Path getParent() {
      return path.getParent() == null ? null : of(path.getParent());
    }

    @Override
    public int getNameCount() {
      return path.getNameCount();
    }

    @Override
    public Path getName(int index) {
      return of(path.getName(index));
    }

    @Override
    public Path subpath(int beginIndex, int endIndex) {
      return of(path.subpath(beginIndex, endIndex));
    }

    @Override
    public boolean startsWith(Path other) {
      return path.startsWith(realOf(other));
    }

    @Override
    public boolean endsWith(Path other) {
      return path.endsWith(realOf(other));
    }

    @Override
    public Path normalize() {
      return of(path.normalize());
    }

    @Override
    public Path resolve(Path other) {
      return of(path.resolve(realOf(other)));
    }

    @Override
    public Path relativize(Path other) {
      return of(path.relativize(realOf(other)));
    }

    @Override
    public URI toUri() {
      return path.toUri();
    }

    @Override
    public Path toAbsolutePath() {
      return of(path.toAbsolutePath());
    }

    @Override
    public Path toRealPath(LinkOption... options) throws IOException {
      fault.before(Call.REAL_PATH, path);
      return of(path.toRealPath(options));
    }

    @Override
    public WatchKey register(
        WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int compareTo(Path other) {
      return path.compareTo(realOf(other));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof FaultyPath faulty && faulty.path.equals(path);
    }

    @Override
    public int hashCode() {
      return path.hashCode();
    }

    @Override
    public String toString() {
      return path.toString();
    }
  }

  private final class Provider extends FileSystemProvider {
    @Override
    public String getScheme() {
      return "faulty";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> env) {
      throw new UnsupportedOperationException();
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
      return FaultyFileSystem.this;
    }

    @Override
    public Path getPath(URI uri) {
      throw new UnsupportedOperationException();
    }

    @Override
    public SeekableByteChannel newByteChannel(
        Path path, Set<? extends OpenOption> options, FileAttribute<?>... attrs)
        throws IOException {
      fault.before(Call.OPEN, realOf(path));
      return Files.newByteChannel(realOf(path), options, attrs);
    }

    @Override
    public FileChannel newFileChannel(
        Path path, Set<? extends OpenOption> options, FileAttribute<?>... attrs)
        throws IOException {
      fault.before(Call.OPEN, realOf(path));
      return FileChannel.open(realOf(path), options, attrs);
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(
        Path dir, DirectoryStream.Filter<? super Path> filter) throws IOException {
      fault.before(Call.LIST, realOf(dir));
      DirectoryStream<Path> stream = Files.newDirectoryStream(realOf(dir));
      return new DirectoryStream<>() {
        @Override
        public Iterator<Path> iterator() {
          List<Path> all = new ArrayList<>();
          stream.forEach(path -> all.add(of(path)));
          return all.iterator();
        }

        @Override
        public void close() throws IOException {
          stream.close();
        }
      };
    }

    @Override
    public void createDirectory(Path dir, FileAttribute<?>... attrs) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void delete(Path path) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isSameFile(Path path, Path path2) throws IOException {
      return Files.isSameFile(realOf(path), realOf(path2));
    }

    @Override
    public boolean isHidden(Path path) throws IOException {
      return Files.isHidden(realOf(path));
    }

    @Override
    public FileStore getFileStore(Path path) throws IOException {
      return Files.getFileStore(realOf(path));
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
      fault.before(Call.ATTRIBUTES, realOf(path));
      real.provider().checkAccess(realOf(path), modes);
    }

    @Override
    public <V extends FileAttributeView> V getFileAttributeView(
        Path path, Class<V> type, LinkOption... options) {
      return Files.getFileAttributeView(realOf(path), type, options);
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(
        Path path, Class<A> type, LinkOption... options) throws IOException {
      fault.before(Call.ATTRIBUTES, realOf(path));
      return Files.readAttributes(realOf(path), type, options);
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
        throws IOException {
      fault.before(Call.ATTRIBUTES, realOf(path));
      return Files.readAttributes(realOf(path), attributes, options);
    }

    @Override
    public Path readSymbolicLink(Path link) throws IOException {
      return of(Files.readSymbolicLink(realOf(link)));
    }

    @Override
    public void setAttribute(Path path, String attribute, Object value, LinkOption... options) {
      throw new UnsupportedOperationException();
    }
  }
}
