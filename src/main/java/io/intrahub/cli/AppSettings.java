package io.intrahub.cli;

import io.intrahub.access.AccessChecker;
import io.intrahub.http.HttpSettings;
import io.intrahub.mirror.MirrorSettings;
import io.intrahub.store.fs.FsStore;
import io.intrahub.transfer.TransferSettings;
import io.intrahub.upstream.UpstreamSettings;
import java.nio.file.Path;

/**
 * Everything a mirror is made from: each room's own settings record.
 *
 * @param http the clients' listener
 * @param admin the operator's listener
 * @param data the store's folder
 * @param store of the folder
 * @param upstream where from
 * @param access how long verdicts hold
 * @param mirror how long observations hold and clients wait
 * @param transfer limits of fills
 * @param bufferBytes direct memory for bodies
 */
public record AppSettings(
    HttpSettings http,
    HttpSettings admin,
    Path data,
    FsStore.Settings store,
    UpstreamSettings upstream,
    AccessChecker.Settings access,
    MirrorSettings mirror,
    TransferSettings transfer,
    long bufferBytes) {}
