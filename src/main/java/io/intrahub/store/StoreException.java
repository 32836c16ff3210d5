package io.intrahub.store;

import java.nio.file.Path;

/**
 * The store can't be opened. The message is for the operator: what is wrong with which folder and
 * what to do. The process ends with it.
 */
public final class StoreException extends Exception {
  private static final long serialVersionUID = 1L;

  public StoreException(Path folder, String problem) {
    super("The store folder " + folder + " " + problem);
  }

  public StoreException(Path folder, String problem, Throwable cause) {
    super("The store folder " + folder + " " + problem, cause);
  }
}
