package io.intrahub.cli;

/** Entry point; started by the launcher once the Java version is known to be right. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.out.println("intrahub");
  }
}
