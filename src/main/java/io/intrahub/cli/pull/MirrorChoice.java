package io.intrahub.cli.pull;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.OperatorListener;
import io.intrahub.cli.command.RunningMirror;
import io.intrahub.config.Config;
import io.intrahub.store.fs.StoreId;
import io.intrahub.store.fs.startup.StoreLock;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Finds the mirror to go through. Another process could listen on the port of the operator, and
 * would get the user's token; so a mirror is used only if it names the store of the folder, which
 * others can't read, and the folder itself, of which there may be copies; or if the user names its
 * listener.
 */
final class MirrorChoice {
  private MirrorChoice() {}

  /**
   * A mirror that runs.
   *
   * @param clients the address of its clients' listener
   * @param operator the address of its operator's listener
   */
  record Found(URI clients, URI operator) {}

  /**
   * Looks for it.
   *
   * @param namesListener whether the command line names the operator's listener
   * @param namesFolder whether the user names the folder of the store
   * @return empty if none runs on the configured store
   * @throws CommandException if it is not clear which one is meant, or none answers where the
   *     command line names one
   */
  static Optional<Found> find(Config config, boolean namesListener, boolean namesFolder)
      throws CommandException, InterruptedException {
    Path folder = config.store().path();
    Optional<String> here = StoreId.read(folder);
    if (config.admin().port() == 0) {
      return Optional.empty();
    }
    URI operator = OperatorListener.address(config.admin());
    Optional<RunningMirror> running = ask(operator, namesListener, folder);
    if (running.isEmpty()) {
      return Optional.empty();
    }
    JsonNode there = running.get().status().path("store");
    boolean isHere =
        here.filter(there.path("id").asString("")::equals).isPresent()
            && running.get().isOn(folder);
    if (isHere && !namesListener && !isOpen(folder)) {
      // Whoever answers has copied the store's id, which anybody on the machine can ask for.
      return Optional.empty();
    }
    if (isHere || (namesListener && !namesFolder)) {
      return Optional.of(new Found(clients(config.admin(), running.get()), operator));
    }
    if (namesListener || (!namesFolder && here.isEmpty())) {
      throw new CommandException(
          ExitCode.CONFIG,
          "The mirror at "
              + operator
              + " has another store than "
              + folder.toAbsolutePath().normalize()
              + ". Name its listener with --admin-port, and no folder, to go through it; or name"
              + " a folder with --data, and no listener, to use that one.");
    }
    return Optional.empty();
  }

  private static boolean isOpen(Path folder) throws CommandException {
    try {
      return StoreLock.isHeld(folder);
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.CONFIG, "The lock of the store in " + folder + " can't be read: " + e, e);
    }
  }

  private static Optional<RunningMirror> ask(URI operator, boolean namesListener, Path folder)
      throws CommandException, InterruptedException {
    try {
      return Optional.of(RunningMirror.ask(operator));
    } catch (HttpTimeoutException e) {
      if (namesListener || isOpen(folder)) {
        throw RunningMirror.silent(operator, e);
      }
      // Any server may listen there, and no mirror is needed.
      return Optional.empty();
    } catch (IOException e) {
      if (namesListener) {
        throw RunningMirror.absent(operator, e);
      }
      return Optional.empty();
    } catch (CommandException e) {
      if (namesListener) {
        throw e;
      }
      return Optional.empty();
    }
  }

  /** A listener for all addresses is on the machine whose operator's listener was asked. */
  private static URI clients(Config.Admin admin, RunningMirror mirror) throws CommandException {
    String host = mirror.status().path("clientsHost").asString("0.0.0.0");
    int port = mirror.status().path("clientsPort").asInt();
    boolean isAll = host.equals("0.0.0.0") || host.equals("::") || host.equals("[::]");
    try {
      return OperatorListener.address(isAll ? admin.host() : host, port);
    } catch (IllegalArgumentException e) {
      throw new CommandException(
          ExitCode.UNAVAILABLE, "The mirror names no address for clients.", e);
    }
  }
}
