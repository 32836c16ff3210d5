package io.intrahub.store.fs.disk;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file system of the JDK. */
public final class JdkDisk implements Disk {
  private static final Logger log = LoggerFactory.getLogger(JdkDisk.class);
  private static final Set<OpenOption> CREATE =
      Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
  private static final Set<OpenOption> READ_WRITE =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, NOFOLLOW_LINKS);
  private static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ, NOFOLLOW_LINKS);
  private static final String OWNER = "rw-------";
  private static final FileAttribute<?> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER));

  /** Linux; anywhere else it is not there. */
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  private final Path root;
  private final boolean posix;

  /** Whether files and folders are for the owner only, or get the modes that the umask says. */
  private final boolean ownerOnly;

  /** Found when it is first asked for, as the root need not exist before. */
  private volatile @Nullable FileStore fileStore;

  /**
   * A disk for the files below a folder.
   *
   * @param root need not exist yet
   */
  public JdkDisk(Path root) {
    this(root, true);
  }

  private JdkDisk(Path root, boolean ownerOnly) {
    this.root = root;
    this.ownerOnly = ownerOnly;
    this.posix = root.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  /** The same for files that others may read if the umask lets them. */
  public static JdkDisk shared(Path root) {
    return new JdkDisk(root, false);
  }

  @Override
  public File create(Path path) throws IOException {
    return new ChannelFile(
        posix && ownerOnly
            ? FileChannel.open(path, CREATE, OWNER_ONLY)
            : FileChannel.open(path, CREATE));
  }

  @Override
  public File open(Path path) throws IOException {
    return new ChannelFile(FileChannel.open(path, READ));
  }

  @Override
  public File reopen(Path path) throws IOException {
    return new ChannelFile(FileChannel.open(path, READ_WRITE));
  }

  @Override
  public Optional<Attributes> attributes(Path path) throws IOException {
    try {
      BasicFileAttributes a = Files.readAttributes(path, BasicFileAttributes.class, NOFOLLOW_LINKS);
      return Optional.of(
          new Attributes(
              a.isRegularFile(),
              a.isDirectory(),
              a.size(),
              a.lastModifiedTime().toInstant(),
              a.fileKey()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    List<Path> names = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(names::add);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (java.nio.file.DirectoryIteratorException e) {
      throw e.getCause();
    }
    return names;
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    if (ownerOnly) {
      FolderMode.create(folder);
    } else {
      Files.createDirectory(folder);
    }
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public void link(Path existing, Path name) throws IOException {
    Files.createLink(name, existing);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.delete(path);
  }

  @Override
  public void setReadOnly(Path path) throws IOException {
    if (posix) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r--r--r--"));
    }
  }

  @Override
  public void setWritable(Path path) throws IOException {
    if (posix) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(OWNER));
    }
  }

  @Override
  public Optional<String> bootId() {
    try {
      return Optional.of(Files.readString(BOOT_ID).strip()).filter(id -> !id.isEmpty());
    } catch (IOException e) {
      log.info(
          "The boot id of the system can't be read, so only synced pieces survive a kill: {}",
          e.toString());
      return Optional.empty();
    }
  }

  @Override
  public long usableSpace() throws IOException {
    FileStore store = fileStore;
    if (store == null) {
      // Only once: it reads the whole table of mounts.
      store = Files.getFileStore(root);
      fileStore = store;
    }
    // Some network file systems say 0 of 0.
    return store.getTotalSpace() == 0 ? Long.MAX_VALUE : store.getUsableSpace();
  }

  private record ChannelFile(FileChannel channel) implements File {
    @Override
    public int write(ByteBuffer from) throws IOException {
      return channel.write(from);
    }

    @Override
    public int write(ByteBuffer from, long position) throws IOException {
      return channel.write(from, position);
    }

    @Override
    public long append(FileChannel source, long position) throws IOException {
      // The JDK calls copy_file_range, which makes reflinks.
      return source.transferTo(position, source.size() - position, channel);
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      return channel.read(into, position);
    }

    @Override
    public long size() throws IOException {
      return channel.size();
    }

    @Override
    public void force() throws IOException {
      channel.force(true);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
