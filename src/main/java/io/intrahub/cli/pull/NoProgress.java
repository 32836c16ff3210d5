package io.intrahub.cli.pull;

/** Shows nothing: the result says it all at the end. */
final class NoProgress implements PullProgress {
  @Override
  public void begin(int worker, String name, long size) {}

  @Override
  public void at(int worker, long bytes) {}

  @Override
  public void done(int worker) {}

  @Override
  public void failed(int worker, String why) {}

  @Override
  public void close() {}
}
