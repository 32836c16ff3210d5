package io.intrahub.launcher;

import java.lang.reflect.InvocationTargetException;

/**
 * The main class of the jar, compiled for Java 8 so that an old Java can load it and say, in one
 * line, what to install. Any class compiled for Java 25 would end in an
 * UnsupportedClassVersionError and a stack trace instead, so this class refers to the rest by name
 * only.
 */
public final class Launcher {
  private static final int NEEDED = 25;

  /** The exit status of sysexits.h for "something is wrong with the configuration". */
  private static final int EX_CONFIG = 78;

  private Launcher() {}

  public static void main(String[] args) throws Throwable {
    int running = featureVersion(System.getProperty("java.specification.version", "0"));
    if (running < NEEDED) {
      System.err.println(
          "intrahub needs Java "
              + NEEDED
              + " or newer, but this is Java "
              + running
              + " ("
              + System.getProperty("java.home")
              + "). Install a JDK "
              + NEEDED
              + " and start it with that one, or use ./intrahub, which looks for one.");
      System.exit(EX_CONFIG);
    }
    try {
      Class.forName("io.intrahub.cli.Main")
          .getMethod("main", String[].class)
          .invoke(null, (Object) args);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** "1.8" is 8, "25" is 25. */
  private static int featureVersion(String specification) {
    String digits = specification.startsWith("1.") ? specification.substring(2) : specification;
    try {
      return Integer.parseInt(digits);
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
