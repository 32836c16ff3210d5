package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.FreePorts;
import io.intrahub.testing.SettableClock;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands whose command line names the operator's listener of a mirror that is not there. */
@Timeout(60)
class NamedListenerTest {
  @TempDir Path tmp;

  private CommandRun run(Path data, int port, String typed) {
    List<String> all = new ArrayList<>(List.of(typed.split(" ")));
    all.addAll(List.of("--data", data.toString(), "--admin-port", Integer.toString(port)));
    return CommandRun.of(Map.of("HF_HOME", tmp.resolve("home").toString()), all);
  }

  private Path store() throws Exception {
    Path data = tmp.resolve("data");
    FsStore.open(data, new SettableClock(), DiskBudgetSettings.DEFAULT, Runnable::run).close();
    return data;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pull acme/tiny",
        "ls",
        "ls acme/tiny",
        "du",
        "rm --yes acme/tiny",
        "gc --to 1GB",
        "verify",
        "import --hf-cache .",
        "export --view"
      })
  void nothing_is_done_if_no_mirror_answers_there(String typed) throws Exception {
    int port = FreePorts.next();
    for (Path data : List.of(store(), tmp.resolve("fresh"))) {
      CommandRun ran = run(data, port, typed);

      assertThat(ran.status()).as(ran.err()).isEqualTo(ExitCode.UNAVAILABLE.status());
      assertThat(ran.err())
          .startsWith("intrahub: No mirror answers at http://127.0.0.1:" + port + ".")
          .contains("leave --admin-host and --admin-port out")
          .hasLineCount(1);
    }
    assertThat(tmp.resolve("fresh")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"pull acme/tiny", "gc --to 1GB"})
  void nothing_is_done_if_another_server_answers_there(String typed) throws Exception {
    HttpServer other =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    other.start();
    try {
      CommandRun ran = run(store(), other.getAddress().getPort(), typed);

      assertThat(ran.status()).as(ran.err()).isEqualTo(ExitCode.UNAVAILABLE.status());
      assertThat(ran.err()).contains("is not the operator's listener of a mirror").hasLineCount(1);
    } finally {
      other.stop(0);
    }
  }

  @Test
  void a_port_of_zero_names_no_listener() throws Exception {
    assertThat(run(store(), 0, "gc --to 1GB").status()).isZero();
  }
}
