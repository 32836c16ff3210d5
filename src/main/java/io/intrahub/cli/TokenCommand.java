package io.intrahub.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Manages the local tokens of a mirror. */
@Command(
    name = "token",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {TokenAddCommand.class, TokenListCommand.class, TokenRevokeCommand.class},
    description = {
      "Manages the tokens that this mirror itself issues to clients.",
      "",
      "Clients send these local tokens in place of one of the Hub. They have an effect with access.mode: service, for what"
          + " access.rules give them. The commands work on the folder of the store; a mirror that"
          + " runs on it applies a change within a second."
    },
    footerHeading = "%nFor example:%n",
    footer = {
      "  intrahub token add ci --repos 'acme/*' --expires 90d",
      "  intrahub token list",
      "  intrahub token revoke ci"
    })
final class TokenCommand implements Callable<Integer> {
  /** The exit status if a token of that name exists, or does not. */
  static final int FAILED = 1;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "Name a command: add, list or revoke");
  }
}
