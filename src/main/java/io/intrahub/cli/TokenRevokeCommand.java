package io.intrahub.cli;

import io.intrahub.cli.command.ExitCode;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.tokens.TokenFile;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Revokes a local token. */
@Command(
    name = "revoke",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    description = {
      "Revokes a local token.",
      "",
      "A running mirror refuses it within a second; downloads in progress go on."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the token was revoked",
      "1:there is no token of this name",
      "2:the command line is wrong",
      "78:the configuration is wrong, or the store can't be used"
    })
final class TokenRevokeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "NAME", description = "The name of the token; see token list.")
  private String name = "";

  @Option(names = "--json", description = "Prints the name of the revoked token, as JSON.")
  private boolean json;

  @Mixin private StoreFolder folder = new StoreFolder();

  /** There is no token of this name. */
  private static final class NoSuchTokenException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  @Override
  public Integer call() throws StartException, InterruptedException {
    TokenFile tokens = StoreFolder.tokens(folder.load());
    try {
      tokens.change(table -> {
        if (table.find(name).isEmpty()) {
          throw new NoSuchTokenException();
        }
        return table.without(name);
      });
    } catch (NoSuchTokenException e) {
      spec.commandLine()
          .getErr()
          .println(
              "intrahub: There is no local token called "
                  + name
                  + ". List them with: intrahub token list");
      return TokenCommand.FAILED;
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
    if (json) {
      PrintWriter out = spec.commandLine().getOut();
      out.println(JsonMapper.shared().createObjectNode().put("revoked", name));
      out.flush();
    } else {
      spec.commandLine().getErr().println("Revoked the local token " + name + ".");
    }
    return ExitCode.OK.status();
  }
}
