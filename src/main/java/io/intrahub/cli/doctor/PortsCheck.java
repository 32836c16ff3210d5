package io.intrahub.cli.doctor;

import io.intrahub.store.fs.startup.StoreLock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Whether a mirror could listen on its ports: only for a store that no mirror runs on. */
public final class PortsCheck implements Check {
  private final Path data;
  private final List<Listener> listeners;

  /**
   * Where a mirror listens.
   *
   * @param host the name or address of the machine
   * @param port 0 for any
   * @param option with which the operator chooses another port
   */
  public record Listener(String host, int port, String option) {}

  /**
   * Opens nothing yet.
   *
   * @param data the folder of the store, which may be missing
   */
  public PortsCheck(Path data, List<Listener> listeners) {
    this.data = data;
    this.listeners = List.copyOf(listeners);
  }

  @Override
  public String name() {
    return "ports";
  }

  @Override
  public String adviceWhenLate() {
    return "Name addresses instead of host names with --host and --admin-host.";
  }

  @Override
  public Finding run() {
    try {
      if (StoreLock.isHeld(data)) {
        return Finding.skipped(data + " is in use, and so may be the ports of its mirror");
      }
    } catch (IOException _) {
      // The check of the folder says so.
    }
    List<String> free = new ArrayList<>();
    List<String> taken = new ArrayList<>();
    List<String> advice = new ArrayList<>();
    for (Listener one : listeners) {
      String name = one.host() + ":" + one.port();
      try (ServerSocket socket = new ServerSocket()) {
        // As the mirror itself: a connection that has just ended is no obstacle.
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(one.host(), one.port()));
        free.add(one.port() == 0 ? one.host() + ", any port" : name);
      } catch (IOException | IllegalArgumentException e) {
        taken.add("can't listen on " + name + ": " + e.getMessage());
        advice.add("Stop what listens there, or choose another port with " + one.option() + ".");
      }
    }
    return taken.isEmpty()
        ? Finding.ok("free: " + String.join(" and ", free))
        : Finding.failed(String.join("; ", taken), advice.toArray(String[]::new));
  }
}
