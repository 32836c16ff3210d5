package io.intrahub.cli.pull;

import io.intrahub.hub.FilePath;

/**
 * A file of a revision.
 *
 * @param path in the repo
 * @param size in bytes
 * @param isCopy whether a file before it in the same revision has the same content
 */
record PulledFile(FilePath path, long size, boolean isCopy) {}
