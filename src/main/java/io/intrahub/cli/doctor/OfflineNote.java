package io.intrahub.cli.doctor;

/** Says that nothing beyond this machine was looked at, because the mirror never asks upstream. */
public final class OfflineNote implements Check {
  @Override
  public String name() {
    return "upstream";
  }

  @Override
  public String adviceWhenLate() {
    return "";
  }

  @Override
  public Finding run() {
    return Finding.ok("not examined and nothing loaded: with mode: offline it is never asked");
  }
}
