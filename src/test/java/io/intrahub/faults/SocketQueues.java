package io.intrahub.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What lies in the system between the two ends of connections on this machine, from the tables of
 * Linux (proc_pid_net(5)). A byte that was written is in the writer's queue until it is
 * acknowledged, and then in the reader's until it is read.
 */
public final class SocketQueues {
  private static final List<Path> TABLES =
      List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));
  private static final int ESTABLISHED = 1;

  /** The timer of a writer that waits for room at the other end: nothing of it is on the way. */
  private static final int PROBE = 4;

  private SocketQueues() {}

  /** One end of a connection. */
  private record End(int local, int remote, int state, long written, long unread, int timer) {
    /** Fields: number, local and remote address, state, both queues, timer and when. */
    static End of(String line) {
      String[] fields = line.strip().split("\\s+");
      String[] queues = fields[4].split(":");
      return new End(
          port(fields[1]),
          port(fields[2]),
          Integer.parseInt(fields[3], 16),
          Long.parseLong(queues[0], 16),
          Long.parseLong(queues[1], 16),
          Integer.parseInt(fields[5].split(":")[0], 16));
    }

    private static int port(String address) {
      return Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
    }
  }

  /** Whether this system tells. */
  public static boolean areKnown() {
    return Files.isReadable(TABLES.getFirst());
  }

  /**
   * The bytes that a server on this machine has written and its clients on this machine have not
   * read, by the client's port, for all open connections. Both should stand still. A byte that has
   * arrived and is not acknowledged yet would be in both queues.
   *
   * @param server its port
   * @return empty while there is such a byte: ask again
   */
  public static Optional<Map<Integer, Long>> unread(int server) {
    Map<Integer, Long> unread = new HashMap<>();
    Map<Integer, End> writers = new HashMap<>();
    List<End> readers = new ArrayList<>();
    for (End end : ends()) {
      if (end.local() == server) {
        writers.put(end.remote(), end);
      } else if (end.remote() == server && end.state() == ESTABLISHED) {
        readers.add(end);
      }
    }
    boolean settled = true;
    for (End reader : readers) {
      End writer = writers.get(reader.local());
      if (writer == null) {
        // Not accepted yet, or closed: then nothing is left to be acknowledged.
        unread.put(reader.local(), reader.unread());
      } else {
        settled &= writer.written() == 0 || writer.timer() == PROBE;
        unread.put(reader.local(), writer.written() + reader.unread());
      }
    }
    return settled ? Optional.of(unread) : Optional.empty();
  }

  private static List<End> ends() {
    List<End> ends = new ArrayList<>();
    for (Path table : TABLES) {
      if (Files.isReadable(table)) {
        try {
          Files.readAllLines(table).stream().skip(1).map(End::of).forEach(ends::add);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    return ends;
  }
}
