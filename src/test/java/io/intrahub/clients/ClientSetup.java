package io.intrahub.clients;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * How a Python client of {@link TableRow} is started. Clients that are started alike share a
 * process.
 *
 * @param environment of {@code src/test/clients}
 * @param variables besides {@code HF_ENDPOINT}
 * @param without a package that the client does not find although the environment has it
 */
record ClientSetup(String environment, Map<String, String> variables, Optional<String> without) {

  static ClientSetup of(String environment) {
    return new ClientSetup(environment, Map.of(), Optional.empty());
  }

  ClientSetup with(String variable, String value) {
    return new ClientSetup(environment, Map.of(variable, value), without);
  }

  ClientSetup without(String module) {
    return new ClientSetup(environment, variables, Optional.of(module));
  }

  /** Begins a call of the client, with a new home folder in {@code homes}. */
  PythonClient.Call call(Path homes) {
    PythonClient.Call call = new PythonClient(environment, homes).call();
    variables.forEach(call::env);
    without.ifPresent(call::without);
    return call;
  }
}
