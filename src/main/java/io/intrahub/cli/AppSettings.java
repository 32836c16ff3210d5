package io.intrahub.cli;

import io.intrahub.access.AccessChecker;
import io.intrahub.http.ClientLimits;
import io.intrahub.http.HttpSettings;
import io.intrahub.mirror.MirrorSettings;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.transfer.TransferSettings;
import io.intrahub.upstream.hub.UpstreamSettings;
import java.nio.file.Path;
import java.util.List;

/**
 * Everything a mirror is made from: each package's own settings record.
 *
 * @param http the clients' listener
 * @param admin the operator's listener
 * @param clients what clients may use
 * @param adminHosts names by which the operator's listener may be called
 * @param data the store's folder
 * @param store of the folder
 * @param upstream where from
 * @param access how long verdicts hold
 * @param mirror how long observations hold and clients wait
 * @param transfer limits of transfers
 * @param bufferBytes direct memory for bodies
 * @param budgetBytes heap that buffers of variable size share
 */
public record AppSettings(
    HttpSettings http,
    HttpSettings admin,
    ClientLimits clients,
    List<String> adminHosts,
    Path data,
    DiskBudgetSettings store,
    UpstreamSettings upstream,
    AccessChecker.Settings access,
    MirrorSettings mirror,
    TransferSettings transfer,
    long bufferBytes,
    long budgetBytes) {
  /** Takes a copy of the list. */
  public AppSettings {
    adminHosts = List.copyOf(adminHosts);
  }

  /** The same with other limits of what clients may use. */
  public AppSettings withClients(ClientLimits other) {
    return new AppSettings(
        http,
        admin,
        other,
        adminHosts,
        data,
        store,
        upstream,
        access,
        mirror,
        transfer,
        bufferBytes,
        budgetBytes);
  }

  /** The same with other names by which the operator's listener may be called. */
  public AppSettings withAdminHosts(List<String> other) {
    return new AppSettings(
        http,
        admin,
        clients,
        other,
        data,
        store,
        upstream,
        access,
        mirror,
        transfer,
        bufferBytes,
        budgetBytes);
  }

  /** The same with other listeners. */
  public AppSettings withListeners(HttpSettings forClients, HttpSettings operator) {
    return new AppSettings(
        forClients,
        operator,
        clients,
        adminHosts,
        data,
        store,
        upstream,
        access,
        mirror,
        transfer,
        bufferBytes,
        budgetBytes);
  }

  /** The same with the store in another folder. */
  public AppSettings withData(Path other) {
    return new AppSettings(
        http,
        admin,
        clients,
        adminHosts,
        other,
        store,
        upstream,
        access,
        mirror,
        transfer,
        bufferBytes,
        budgetBytes);
  }

  /** The same with other limits of the store. */
  public AppSettings withStore(DiskBudgetSettings other) {
    return new AppSettings(
        http,
        admin,
        clients,
        adminHosts,
        data,
        other,
        upstream,
        access,
        mirror,
        transfer,
        bufferBytes,
        budgetBytes);
  }

  /** The same with another upstream. */
  public AppSettings withUpstream(UpstreamSettings other) {
    return new AppSettings(
        http,
        admin,
        clients,
        adminHosts,
        data,
        store,
        other,
        access,
        mirror,
        transfer,
        bufferBytes,
        budgetBytes);
  }

  /** The same with other limits of freshness and waiting. */
  public AppSettings withMirror(MirrorSettings other) {
    return new AppSettings(
        http,
        admin,
        clients,
        adminHosts,
        data,
        store,
        upstream,
        access,
        other,
        transfer,
        bufferBytes,
        budgetBytes);
  }

  /** The same with other limits of transfers. */
  public AppSettings withTransfer(TransferSettings other) {
    return new AppSettings(
        http,
        admin,
        clients,
        adminHosts,
        data,
        store,
        upstream,
        access,
        mirror,
        other,
        bufferBytes,
        budgetBytes);
  }

  /** The same with another amount of direct memory for bodies. */
  public AppSettings withBufferBytes(long bytes) {
    return new AppSettings(
        http,
        admin,
        clients,
        adminHosts,
        data,
        store,
        upstream,
        access,
        mirror,
        transfer,
        bytes,
        budgetBytes);
  }

  /** The same with another budget of heap. */
  public AppSettings withBudgetBytes(long bytes) {
    return new AppSettings(
        http,
        admin,
        clients,
        adminHosts,
        data,
        store,
        upstream,
        access,
        mirror,
        transfer,
        bufferBytes,
        bytes);
  }
}
