package io.intrahub.cli;

import io.intrahub.cli.command.OperatorListener;
import io.intrahub.cli.doctor.TrialMirror;
import java.net.URI;

/** The mirror that runs already. */
record RunningTrialMirror(String clientsHost, int clientsPort, URI operator)
    implements TrialMirror, TrialMirror.Session {
  @Override
  public Session open() {
    return this;
  }

  @Override
  public URI clients() {
    return OperatorListener.address(clientsHost, clientsPort);
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public void close() {
    // It goes on.
  }
}
