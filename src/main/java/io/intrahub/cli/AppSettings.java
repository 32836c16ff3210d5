package io.intrahub.cli;

import io.intrahub.access.AccessChecker;
import io.intrahub.audit.AuditSettings;
import io.intrahub.http.ClientLimits;
import io.intrahub.http.HttpSettings;
import io.intrahub.mirror.MirrorSettings;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.transfer.TransferSettings;
import io.intrahub.upstream.hub.UpstreamSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The settings of a mirror: the settings record of each package.
 *
 * @param http the clients' listener
 * @param admin the operator's listener
 * @param clients limits of clients
 * @param adminHosts host names to which the operator's listener answers
 * @param data the folder of the store
 * @param seeds cache folders from which content is taken before upstream is asked
 * @param view whether a cache folder is kept to be shared
 * @param store limits of the store
 * @param upstream endpoints and how to reach them
 * @param access how long grants hold
 * @param site with whose token the Hub is asked, and for whom
 * @param mirror how long observations hold and clients wait
 * @param transfer limits of transfers
 * @param bufferBytes direct memory for bodies, in bytes
 * @param budgetBytes heap that buffers of variable size share, in bytes
 * @param audit where the audit log is written; empty: nowhere
 */
public record AppSettings(
    HttpSettings http,
    HttpSettings admin,
    ClientLimits clients,
    List<String> adminHosts,
    Path data,
    List<Path> seeds,
    boolean view,
    DiskBudgetSettings store,
    UpstreamSettings upstream,
    AccessChecker.Settings access,
    SiteAccess site,
    MirrorSettings mirror,
    TransferSettings transfer,
    long bufferBytes,
    long budgetBytes,
    Optional<AuditSettings> audit) {
  /** Takes copies of the lists. */
  public AppSettings {
    adminHosts = List.copyOf(adminHosts);
    seeds = List.copyOf(seeds);
  }

  /** Returns a copy with other limits of clients. */
  public AppSettings withClients(ClientLimits other) {
    return changed(draft -> draft.clients = other);
  }

  /** Returns a copy with other host names of the operator's listener. */
  public AppSettings withAdminHosts(List<String> other) {
    return changed(draft -> draft.adminHosts = other);
  }

  /** Returns a copy with other listeners. */
  public AppSettings withListeners(HttpSettings forClients, HttpSettings operator) {
    return changed(draft -> {
      draft.http = forClients;
      draft.admin = operator;
    });
  }

  /** Returns a copy with the store in another folder. */
  public AppSettings withData(Path other) {
    return changed(draft -> draft.data = other);
  }

  /** Returns a copy that takes content from these cache folders before it asks upstream. */
  public AppSettings withSeeds(List<Path> other) {
    return changed(draft -> draft.seeds = other);
  }

  /** Returns a copy that keeps a cache folder to be shared, or does not. */
  public AppSettings withView(boolean other) {
    return changed(draft -> draft.view = other);
  }

  /** Returns a copy with other limits of the store. */
  public AppSettings withStore(DiskBudgetSettings other) {
    return changed(draft -> draft.store = other);
  }

  /** Returns a copy with another upstream. */
  public AppSettings withUpstream(UpstreamSettings other) {
    return changed(draft -> draft.upstream = other);
  }

  /** Returns a copy with other times for which grants hold. */
  public AppSettings withAccess(AccessChecker.Settings other) {
    return changed(draft -> draft.access = other);
  }

  /** Returns a copy with another answer to whose token the Hub is asked with, and for whom. */
  public AppSettings withSite(SiteAccess other) {
    return changed(draft -> draft.site = other);
  }

  /** Returns a copy with other limits of freshness and waiting. */
  public AppSettings withMirror(MirrorSettings other) {
    return changed(draft -> draft.mirror = other);
  }

  /** Returns a copy with other limits of transfers. */
  public AppSettings withTransfer(TransferSettings other) {
    return changed(draft -> draft.transfer = other);
  }

  /** Returns a copy with another amount of direct memory for bodies. */
  public AppSettings withBufferBytes(long bytes) {
    return changed(draft -> draft.bufferBytes = bytes);
  }

  /** Returns a copy with another budget of heap. */
  public AppSettings withBudgetBytes(long bytes) {
    return changed(draft -> draft.budgetBytes = bytes);
  }

  /** Returns a copy with an audit log. */
  public AppSettings withAudit(AuditSettings other) {
    return changed(draft -> draft.audit = Optional.of(other));
  }

  /** Returns a copy without an audit log. */
  public AppSettings withoutAudit() {
    return changed(draft -> draft.audit = Optional.empty());
  }

  private AppSettings changed(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.settings();
  }

  /** The same settings while one of them is changed. Used by one thread, within one call. */
  private static final class Draft {
    private HttpSettings http;
    private HttpSettings admin;
    private ClientLimits clients;
    private List<String> adminHosts;
    private Path data;
    private List<Path> seeds;
    private boolean view;
    private DiskBudgetSettings store;
    private UpstreamSettings upstream;
    private AccessChecker.Settings access;
    private SiteAccess site;
    private MirrorSettings mirror;
    private TransferSettings transfer;
    private long bufferBytes;
    private long budgetBytes;
    private Optional<AuditSettings> audit;

    Draft(AppSettings from) {
      http = from.http;
      admin = from.admin;
      clients = from.clients;
      adminHosts = from.adminHosts;
      data = from.data;
      seeds = from.seeds;
      view = from.view;
      store = from.store;
      upstream = from.upstream;
      access = from.access;
      site = from.site;
      mirror = from.mirror;
      transfer = from.transfer;
      bufferBytes = from.bufferBytes;
      budgetBytes = from.budgetBytes;
      audit = from.audit;
    }

    AppSettings settings() {
      return new AppSettings(
          http,
          admin,
          clients,
          adminHosts,
          data,
          seeds,
          view,
          store,
          upstream,
          access,
          site,
          mirror,
          transfer,
          bufferBytes,
          budgetBytes,
          audit);
    }
  }
}
