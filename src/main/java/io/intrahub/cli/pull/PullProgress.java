package io.intrahub.cli.pull;

/** Shows how far files are. Safe for use by many threads. */
interface PullProgress extends AutoCloseable {
  /**
   * A worker begins with a file.
   *
   * @param worker its number, from 0
   * @param name printable
   * @param size in bytes
   */
  void begin(int worker, String name, long size);

  /** So many bytes of the worker's file have arrived. */
  void at(int worker, long bytes);

  /** The worker's file is stored. */
  void done(int worker);

  /**
   * The worker's file is not stored.
   *
   * @param why printable, without a full stop; empty if it was said of another file
   */
  void failed(int worker, String why);

  @Override
  void close();
}
