package io.intrahub.cli;

import io.intrahub.cli.pull.PullCommand;
import io.intrahub.cli.upkeep.VerifyCommand;
import java.util.Map;
import picocli.CommandLine;

/** Makes the commands, and gives those of other packages what only this one can start. */
final class CommandFactory implements CommandLine.IFactory {
  private final CommandLine.IFactory others = CommandLine.defaultFactory();
  private final Map<String, String> environment;

  /**
   * Makes commands.
   *
   * @param environment the variables that name the user's token
   */
  CommandFactory(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public <K> K create(Class<K> type) throws Exception {
    if (type == PullCommand.class) {
      return type.cast(new PullCommand(InProcessMirror::start, environment));
    }
    if (type == VerifyCommand.class) {
      return type.cast(new VerifyCommand(InProcessMirror::startUpkeep, environment));
    }
    return others.create(type);
  }
}
