package io.intrahub.cli;

import io.intrahub.store.StoreException;
import io.intrahub.store.fs.tokens.TokenFile;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

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
    })
final class TokenRevokeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "NAME", description = "The name of the token; see token list.")
  private String name = "";

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
    spec.commandLine().getErr().println("Revoked the local token " + name + ".");
    return 0;
  }
}
